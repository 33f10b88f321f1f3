#include "config/backends/registry.hpp"

#include "config/backends/types.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace cachekit {
namespace config::backends {
namespace {

constexpr std::array types{&memory_type, &redis_type, &memcached_type};

}  // namespace

std::span<const BackendType* const> all() noexcept { return types; }

const BackendType& type_of(BackendKind kind) noexcept {
  return *types.at(static_cast<std::size_t>(kind));
}

std::optional<BackendKind> find(std::string_view name) noexcept {
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (types[i]->facts.name == name) return static_cast<BackendKind>(i);
  }
  return std::nullopt;
}

std::string names() {
  std::string all(types.front()->facts.name);
  for (std::size_t i = 1; i < types.size(); ++i) {
    all += i + 1 < types.size() ? ", " : " or ";
    all += types[i]->facts.name;
  }
  return all;
}

}  // namespace config::backends

std::string_view to_string(BackendKind kind) noexcept { return facts_of(kind).name; }

const BackendFacts& facts_of(BackendKind kind) noexcept {
  return config::backends::type_of(kind).facts;
}

std::span<const BackendKind> backend_kinds() noexcept {
  static constexpr std::array kinds{BackendKind::memory, BackendKind::redis,
                                    BackendKind::memcached};
  static_assert(kinds.size() == config::backends::types.size());
  return kinds;
}

std::size_t server_count(const Settings& settings) {
  return config::backends::type_of(settings.backend).hosts(settings).size();
}

}  // namespace cachekit
