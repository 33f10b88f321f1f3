#pragma once

#include "net/request.hpp"

#include <utility>

namespace cachekit::net {

/// How often one request may be sent anew: once where that does no harm, and once more where it
/// asks for that itself, as something else.
class Resends {
 public:
  /// Whether it may be now, which counts. `harmless`: it was not sent, or is idempotent.
  [[nodiscard]] bool allow(const Request& request, bool harmless) noexcept {
    if (request.wants_again() && !std::exchange(asked_, true)) return true;
    return harmless && !std::exchange(resent_, true);
  }
  [[nodiscard]] bool any() const noexcept { return asked_ || resent_; }

 private:
  bool asked_ = false;
  bool resent_ = false;
};

}  // namespace cachekit::net
