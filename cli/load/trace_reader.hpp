#pragma once

#include "transfer/byte_stream.hpp"

#include <cachekit/error.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace cachekit::cli {

/// A trace that is read several times.
struct TraceFile {
  std::string name{};  ///< In messages.
  std::string path{};  ///< What it is opened by.
};

/// The keys of a trace, one a line, plain or compressed (see `open_data`). Empty lines are passed
/// over, and a carriage return at the end of a line.
class TraceReader {
 public:
  /// Errors: as `open_data`; `invalid_argument` when it is no regular file.
  [[nodiscard]] static Result<TraceReader> open(const TraceFile& file,
                                                std::function<bool()> interrupted);

  /// The next key; false at the end. Errors: `decode` for damaged compressed data;
  /// `invalid_argument` for a line that is longer than any key; `cancelled` when interrupted.
  [[nodiscard]] Result<bool> next(std::string& key);

 private:
  TraceReader(std::string path, ReadSome read) : path_(std::move(path)), lines_(std::move(read)) {}

  [[nodiscard]] tl::unexpected<Error> json_array() const;

  std::string path_;
  ByteStream lines_;
  std::uint64_t line_ = 0;
};

/// Reads a trace to its end and gives the number of its keys.
/// Errors: those of `TraceReader`; `invalid_argument` when there is none.
[[nodiscard]] Result<std::uint64_t> count_keys(const TraceFile& file,
                                               const std::function<bool()>& interrupted);

}  // namespace cachekit::cli
