#pragma once

#include "transfer/decompressor.hpp"

#include <optional>
#include <span>

namespace cachekit::cli {

/// What stands behind the end of a compressed file: another one, or NUL bytes up to the end, with
/// which tapes are filled up. All else is a problem: it may be a file whose first byte was damaged.
class BehindMember {
 public:
  /// `begins`: the first byte of every file of this format.
  explicit BehindMember(char begins) : begins_(begins) {}

  /// Empty where `in` begins another file.
  [[nodiscard]] std::optional<Decompressor::Step> step(std::span<const char> in, bool at_end);

 private:
  char begins_;
  bool padded_ = false;
};

}  // namespace cachekit::cli
