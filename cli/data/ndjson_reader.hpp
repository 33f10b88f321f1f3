#pragma once

#include "data/record_reader.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace cachekit::cli {

/// One JSON object a line: {"key","value"|"value_base64","ttl"?}. Keys and values are strings, or
/// numbers, which are taken as they are written; other fields are passed over, however deeply they
/// nest. Empty lines do not count.
class NdjsonReader final : public RecordReader {
 public:
  NdjsonReader(ReadSome read, FieldNames names);

  [[nodiscard]] Result<std::optional<Row>> next() override;
  [[nodiscard]] std::uint64_t bytes_taken() const noexcept override {
    return stream_.bytes_taken();
  }

 private:
  ByteStream stream_;
  FieldNames names_;
  std::string text_;
  std::uint64_t line_ = 0;
};

}  // namespace cachekit::cli
