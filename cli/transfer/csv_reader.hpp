#pragma once

#include "transfer/record_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cachekit::cli {

class RecordFields;

/// Tables as RFC 4180 has them: a header that names the columns, fields in double quotes where they
/// hold the delimiter, quotes (doubled) or line breaks; lines end in LF or CRLF. Tab-separated
/// input follows the same rules. Columns that nobody asked for are passed over; empty lines do
/// not count.
class CsvReader final : public RecordReader {
 public:
  CsvReader(ReadSome read, char delimiter, FieldNames names,
            std::size_t record_limit = max_record_bytes);

  [[nodiscard]] Result<std::optional<Row>> next() override;
  [[nodiscard]] std::uint64_t bytes_taken() const noexcept override {
    return stream_.bytes_taken();
  }

 private:
  struct Cells {
    std::vector<std::string> cells{};
    std::uint64_t line = 0;
    std::size_t bytes = 0;
    std::string problem{};
  };

  [[nodiscard]] Result<void> read_header();
  [[nodiscard]] std::optional<Cells> read_cells();
  bool read_cell(Cells& row);
  void read_quoted(std::string& cell, Cells& row);
  void read_plain(std::string& cell, Cells& row);
  void add(std::string& cell, char byte, Cells& row) const;
  void skip_line();
  std::optional<char> take();
  [[nodiscard]] bool is_unused_twin(const RecordFields& fields,
                                    const std::vector<std::string>& cells, std::size_t i) const;
  [[nodiscard]] Row to_row(Cells cells) const;

  ByteStream stream_;
  char delimiter_;
  FieldNames names_;
  std::size_t record_limit_;
  std::vector<std::string> header_;
  std::uint64_t line_ = 1;
};

}  // namespace cachekit::cli
