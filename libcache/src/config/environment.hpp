#pragma once

#include <cachekit/config.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace cachekit::config {

/// A variable's value; one that is empty counts as unset.
[[nodiscard]] std::optional<std::string> lookup(const Environment& environment,
                                                std::string_view name);

/// What is wrong with an empty variable: it is a script's mistake more often than a wish for the
/// default.
[[nodiscard]] Error empty_variable(std::string_view name);

/// Applies CACHE_BACKEND, if it is set.
/// Errors: as of `apply_environment`.
[[nodiscard]] Result<void> apply_backend_variable(Settings& settings,
                                                  const Environment& environment);

/// Applies the other options whose variable is set. Of some option `has_a_say` may tell that its
/// variable is of no consequence: then it is taken where it can be and passed over in silence where
/// not, as when Kubernetes sets REDIS_PORT=tcp://10.0.0.1:6379 for a Service of that name.
/// Errors: `invalid_argument`, naming the variable and its value, a secret's excepted; also for an
/// empty variable, unless it is a credential's.
[[nodiscard]] Result<void> apply_environment(Settings& settings, const Environment& environment,
                                             const std::function<bool(const Option&)>& has_a_say);

/// Whether an option is the backend's own, such as "redis.port".
[[nodiscard]] bool belongs_to(const Option& option, BackendKind backend);

}  // namespace cachekit::config
