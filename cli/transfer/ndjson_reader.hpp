#pragma once

#include "transfer/json_array.hpp"
#include "transfer/record_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace cachekit::cli {

/// One JSON object a line: {"key","value"|"value_base64","ttl"?}. Keys and values are strings, or
/// numbers, which are taken as they are written; other fields are passed over, however deeply they
/// nest. Empty lines do not count. A JSON array of such objects is read as if each stood on a line
/// of its own.
class NdjsonReader final : public RecordReader {
 public:
  NdjsonReader(ReadSome read, FieldNames names, std::size_t record_limit = max_record_bytes);

  [[nodiscard]] Result<std::optional<Row>> next() override;
  [[nodiscard]] std::uint64_t bytes_taken() const noexcept override {
    return stream_.bytes_taken();
  }

 private:
  void enter_array();
  [[nodiscard]] Result<bool> read_line(bool& too_long);
  [[nodiscard]] Result<bool> read_element(bool& too_long);
  [[nodiscard]] Row to_row(bool too_long);

  ByteStream stream_;
  FieldNames names_;
  std::size_t record_limit_;
  std::string text_;
  std::uint64_t line_ = 0;      // Of the record in `text_`.
  std::uint64_t position_ = 1;  // The line where the stream stands.
  bool begun_ = false;
  std::optional<JsonArray> array_;  // While one is being read.
};

}  // namespace cachekit::cli
