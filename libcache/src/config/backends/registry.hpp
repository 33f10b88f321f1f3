#pragma once

#include "config/backends/backend_type.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

/// What lives in this folder: a file for each backend with all that configuration and command have
/// to know of it, and the registry of these files. A new backend is one more file and one more row
/// here, beside its kind, its settings and its options. Kinds and names are compared nowhere else.
namespace cachekit::config::backends {

/// Every backend there is, in the order of `BackendKind`.
[[nodiscard]] std::span<const BackendType* const> all() noexcept;

/// Requires: one of the enumerators.
[[nodiscard]] const BackendType& type_of(BackendKind kind) noexcept;

[[nodiscard]] std::optional<BackendKind> find(std::string_view name) noexcept;

/// "memory, redis or memcached".
[[nodiscard]] std::string names();

}  // namespace cachekit::config::backends
