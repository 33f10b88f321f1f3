#pragma once

#include "transfer/left_out.hpp"

#include <cachekit/backend.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::cli {

/// One line of NDJSON, newline included, that `warm` reads back exactly: bytes that are not UTF-8
/// as key_base64 and value_base64, a TTL in whole milliseconds.
[[nodiscard]] std::string record_line(std::string_view key, std::string_view value, const Ttl& ttl);

struct DumpResult {
  std::uint64_t written = 0;
  std::uint64_t vanished = 0;    ///< Expired or removed between listing and reading.
  std::uint64_t shortened = 0;   ///< Lived longer than `Ttl::max`, which their records say instead.
  std::uint64_t unreadable = 0;  ///< Could not be read, and did not stop the rest.
  LeftOut left_out{};            ///< Which they are.
  std::optional<Error> error{};  ///< What stopped it before the end, `cancelled` for Ctrl-C.
};

/// Lists the keys that match and writes each with its value and what is left of its TTL.
class Dumper {
 public:
  /// Takes finished lines; false to stop, as after a closed pipe.
  using Sink = std::function<bool(std::string_view lines)>;

  /// Lifetime: the backend outlives this object.
  Dumper(CacheBackend& backend, Sink sink, std::function<bool()> interrupted);

  [[nodiscard]] DumpResult run(const std::string& pattern);

 private:
  bool take(std::string_view key);
  bool write_batch();
  [[nodiscard]] std::vector<Result<std::optional<std::string>>> read_batch();
  bool add_line(std::string_view key, Result<std::optional<std::string>>& value);
  bool leave_out(std::string_view key, Error error);
  bool stop(Error error);

  CacheBackend& backend_;
  Sink sink_;
  std::function<bool()> interrupted_;
  std::vector<std::string> keys_;
  std::string lines_;
  DumpResult result_;
};

}  // namespace cachekit::cli
