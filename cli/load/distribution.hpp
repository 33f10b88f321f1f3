#pragma once

#include "load/zipf.hpp"

#include <cachekit/error.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cachekit::cli {

/// Which keys a caller asks for, and how often.
struct Distribution {
  enum class Kind : std::uint8_t { uniform, zipf, sequential, trace };
  Kind kind = Kind::uniform;
  double exponent = 0.99;  ///< Of zipf.
  std::string trace{};     ///< The file.
};

/// Reads "uniform", "zipf", "zipf:0.99", "sequential" or "trace:FILE".
/// Errors: `invalid_argument` for anything else; an exponent lies above 0 and at most at 10.
[[nodiscard]] Result<Distribution> parse_distribution(std::string_view text);
[[nodiscard]] std::string to_string(const Distribution& distribution);

/// One caller's sequence of key numbers, from 0 up to but without `keys`.
class KeyPicker {
 public:
  /// `first` is where a sequential walk begins. Requires: `keys` >= 1; no trace.
  KeyPicker(const Distribution& distribution, std::uint64_t keys, std::uint64_t first);

  [[nodiscard]] std::uint64_t next(Random& random);

 private:
  std::uint64_t keys_;
  std::uint64_t position_;
  bool sequential_;
  std::optional<Zipf> zipf_;
};

}  // namespace cachekit::cli
