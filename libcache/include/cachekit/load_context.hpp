#pragma once

#include <cachekit/deadline.hpp>
#include <cachekit/ttl.hpp>

#include <optional>
#include <stop_token>
#include <utility>

namespace cachekit {

/// What a loader is told, and may say beside its answer, when it takes one argument:
///
///     expander.fetch<User>(42, [&](LoadContext& context) {
///       auto user = database.find_user(42, context.deadline());
///       if (user.is_guest) context.set_ttl(10s);
///       return user;
///     });
///
/// Threads: the loader's. Lifetime: the call of the loader.
class LoadContext {
 public:
  LoadContext(Deadline deadline, std::stop_token stop)
      : deadline_(deadline), stop_(std::move(stop)) {}

  /// When others stop waiting for this load (`FetchPolicy::load_lease`). A loader that hands it on
  /// to its source holds nobody up.
  [[nodiscard]] Deadline deadline() const noexcept { return deadline_; }
  /// Is stopped when nobody wants the answer any more.
  [[nodiscard]] const std::stop_token& stop_token() const noexcept { return stop_; }

  /// How long the answer is kept, in the place of what options and policy say. An impossible TTL is
  /// an error of the store (`FetchInfo::cache_error`); the answer is good all the same.
  void set_ttl(Ttl ttl) noexcept { ttl_ = ttl; }
  [[nodiscard]] const std::optional<Ttl>& ttl() const noexcept { return ttl_; }

 private:
  Deadline deadline_;
  std::stop_token stop_;
  std::optional<Ttl> ttl_{};
};

}  // namespace cachekit
