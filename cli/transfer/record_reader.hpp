#pragma once

#include "transfer/byte_stream.hpp"

#include <cachekit/error.hpp>
#include <cachekit/ttl.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cachekit::cli {

/// One pair to be stored.
struct Record {
  std::string key{};
  std::string value{};
  std::optional<Ttl> ttl{};  ///< Empty: the record does not say.
};

/// One record of the input, good or bad.
struct Row {
  std::uint64_t line = 0;  ///< Where it begins, counted from 1.
  Record record{};
  std::string problem{};  ///< What is wrong with it; empty for a good one.
};

enum class RecordFormat : std::uint8_t { ndjson, csv, tsv };

/// What the fields are called. Next to each name, NAME_base64 holds the same as base64.
struct FieldNames {
  std::string key = "key";
  std::string value = "value";
  std::string ttl_unit{};  ///< What a TTL without a unit counts, such as "s"; empty: it is bad.
};

/// The most that a record may take in the input. Above its limit it is bad, and is dropped piece by
/// piece as it comes in.
inline constexpr std::size_t max_record_bytes = std::size_t{1} << 30U;

/// Reads records one after another. A bad record is a row with a problem, never an error: the next
/// one is read all the same.
class RecordReader {
 public:
  virtual ~RecordReader() = default;
  RecordReader(const RecordReader&) = delete;
  RecordReader& operator=(const RecordReader&) = delete;

  /// The next record, or an empty optional at the end.
  /// Errors: `invalid_argument` when the input cannot be read at all; `cancelled`.
  [[nodiscard]] virtual Result<std::optional<Row>> next() = 0;
  [[nodiscard]] virtual std::uint64_t bytes_taken() const noexcept = 0;

 protected:
  RecordReader() = default;
};

[[nodiscard]] std::unique_ptr<RecordReader> make_reader(
    RecordFormat format, ReadSome read, FieldNames names,
    std::size_t record_limit = max_record_bytes);

/// By the file's extension, in any letter case, before that of a compression; NDJSON where it tells
/// nothing.
[[nodiscard]] RecordFormat format_of(std::string_view path);

}  // namespace cachekit::cli
