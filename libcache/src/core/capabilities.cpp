#include <cachekit/capabilities.hpp>

namespace cachekit {

std::string_view to_string(Tier tier) noexcept {
  return tier == Tier::shared ? "Tier-0" : "Tier-1";
}

}  // namespace cachekit
