#include "transfer/csv_reader.hpp"

#include "transfer/record_fields.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace cachekit::cli {

CsvReader::CsvReader(ReadSome read, char delimiter, FieldNames names, std::size_t record_limit)
    : stream_(std::move(read)),
      delimiter_(delimiter),
      names_(std::move(names)),
      record_limit_(record_limit) {}

std::optional<char> CsvReader::take() {
  const std::optional<char> byte = stream_.next();
  if (byte == '\n') ++line_;
  return byte;
}

void CsvReader::skip_line() {
  while (const std::optional<char> byte = take()) {
    if (byte == '\n') return;
  }
}

void CsvReader::add(std::string& cell, char byte, Cells& row) const {
  if (row.bytes < record_limit_) {
    cell += byte;
    ++row.bytes;
  } else if (row.problem.empty()) {
    row.problem = fmt::format("longer than {} bytes", record_limit_);
  }
}

void CsvReader::read_quoted(std::string& cell, Cells& row) {
  const std::uint64_t opened = line_;
  take();
  while (const std::optional<char> byte = take()) {
    if (byte != '"') {
      add(cell, *byte, row);
    } else if (stream_.peek() == '"') {
      add(cell, *take(), row);
    } else {
      return;
    }
  }
  row.problem = fmt::format("the quote opened in line {} is never closed", opened);
}

void CsvReader::read_plain(std::string& cell, Cells& row) {
  while (const std::optional<char> byte = stream_.peek()) {
    if (byte == delimiter_ || byte == '\n') break;
    add(cell, *take(), row);
  }
  // The CR of a CRLF belongs to the line's end; any other CR is data.
  if (stream_.peek() != delimiter_ && cell.ends_with('\r')) cell.pop_back();
}

// Reads one cell and what ends it; false when it was the last of its line.
bool CsvReader::read_cell(Cells& row) {
  std::string& cell = row.cells.emplace_back();
  if (stream_.peek() == '"') {
    read_quoted(cell, row);
    std::string rest;
    read_plain(rest, row);
    if (!rest.empty() && row.problem.empty()) {
      row.problem = fmt::format("text after the closing quote of column {}", row.cells.size());
    }
    // Where the quotes ended is anybody's guess now: the next line is a fresh start.
    if (!rest.empty()) {
      skip_line();
      return false;
    }
  } else {
    read_plain(cell, row);
  }
  return take() == delimiter_;
}

std::optional<CsvReader::Cells> CsvReader::read_cells() {
  while (stream_.peek()) {
    Cells row;
    row.line = line_;
    const bool quoted = stream_.peek() == '"';
    while (read_cell(row)) {
    }
    const bool blank = !quoted && row.cells.size() == 1 && row.cells[0].empty();
    if (!blank) return row;
  }
  return std::nullopt;
}

Result<void> CsvReader::read_header() {
  std::optional<Cells> header = read_cells();
  if (stream_.error()) return fail(*stream_.error());
  if (!header) return {};
  const RecordFields fields(names_);
  const auto has = [&](RecordFields::Field wanted) {
    return std::ranges::any_of(
        header->cells, [&](const std::string& name) { return fields.field(name) == wanted; });
  };
  if (!header->problem.empty() || !has(RecordFields::Field::key) ||
      !has(RecordFields::Field::value)) {
    return fail(
        Errc::invalid_argument,
        fmt::format("the first line must name the columns '{}' and '{}'", names_.key, names_.value),
        {}, "add a header line, or name the columns with --key-field and --value-field");
  }
  header_ = std::move(header->cells);
  return {};
}

// Of a column and its _base64 twin, the empty one is not meant; of two empty ones, the second.
bool CsvReader::is_unused_twin(const RecordFields& fields, const std::vector<std::string>& cells,
                               std::size_t i) const {
  if (!cells[i].empty()) return false;
  for (std::size_t k = 0; k < header_.size(); ++k) {
    const bool twins = k != i && fields.field(header_[k]) == fields.field(header_[i]);
    if (twins && (k < i || !cells[k].empty())) return true;
  }
  return false;
}

Row CsvReader::to_row(Cells cells) const {
  RecordFields fields(names_);
  if (!cells.problem.empty()) {
    fields.set_problem(std::move(cells.problem));
  } else if (cells.cells.size() != header_.size()) {
    fields.set_problem(
        fmt::format("{} columns where the header has {}", cells.cells.size(), header_.size()));
  } else {
    for (std::size_t i = 0; i < header_.size(); ++i) {
      if (!is_unused_twin(fields, cells.cells, i)) {
        fields.set_text(header_[i], std::move(cells.cells[i]));
      }
    }
  }
  return std::move(fields).finish(cells.line);
}

Result<std::optional<Row>> CsvReader::next() {
  if (header_.empty()) {
    if (Result<void> header = read_header(); !header) return fail(std::move(header.error()));
  }
  std::optional<Cells> cells = read_cells();
  if (stream_.error()) return fail(*stream_.error());
  if (!cells) return std::optional<Row>();
  return std::optional(to_row(std::move(*cells)));
}

}  // namespace cachekit::cli
