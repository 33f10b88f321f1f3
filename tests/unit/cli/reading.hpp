#pragma once

#include "support/catch.hpp"
#include "transfer/record_reader.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cachekit::cli {

/// A source that gives `piece` bytes at a time.
inline ReadSome pieces_of(std::string text, std::size_t piece) {
  return [text = std::move(text), piece,
          at = std::size_t{0}](std::span<char> into) mutable -> Result<std::size_t> {
    const std::size_t length = std::min({piece, into.size(), text.size() - at});
    std::copy_n(text.data() + at, length, into.data());
    at += length;
    return length;
  };
}

/// A source that gives `first` bytes, then the rest.
inline ReadSome split_at(std::string text, std::size_t first) {
  return [text = std::move(text), first,
          at = std::size_t{0}](std::span<char> into) mutable -> Result<std::size_t> {
    const std::size_t until = at < first ? first : text.size();
    const std::size_t length = std::min(into.size(), until - at);
    std::copy_n(text.data() + at, length, into.data());
    at += length;
    return length;
  };
}

inline std::vector<Row> read_all(RecordReader& reader) {
  std::vector<Row> rows;
  while (true) {
    Result<std::optional<Row>> row = reader.next();
    REQUIRE(row.has_value());
    if (!*row) return rows;
    rows.push_back(std::move(**row));
  }
}

inline std::vector<Row> read_all(RecordFormat format, std::string text, FieldNames names = {}) {
  return read_all(*make_reader(format, pieces_of(std::move(text), 4096), std::move(names)));
}

}  // namespace cachekit::cli
