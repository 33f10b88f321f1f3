#pragma once

#include "expander/cache_budget.hpp"
#include "expander/expander_state.hpp"
#include "expander/store_right.hpp"

#include <cachekit/error.hpp>
#include <cachekit/operation.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit {

/// The cache as one call for many keys sees it: a batch for each thing that it asks, and one budget
/// for all of them. What comes of it for each key is up to the key's `CacheAccess`.
///
/// Threads: one at a time; made anew for each call.
class BulkAccess {
 public:
  using Keys = std::span<const std::string_view>;
  /// Turns to write keys; empty where one was not to be had in time.
  using Turns = std::vector<std::optional<KeyLocks::Held>>;

  struct Store {
    std::string_view key;
    std::string_view envelope{};
    Ttl ttl = Ttl::none();
    StoreRight* right;  ///< Is used up.
    Result<bool> outcome{false};
  };

  explicit BulkAccess(ExpanderState& state) : state_(state), budget_(state) {}

  [[nodiscard]] std::vector<Result<std::optional<std::string>>> get(Keys keys);
  [[nodiscard]] std::vector<Result<Leased>> lease(Keys keys, Ttl lease_ttl);
  /// As `CacheAccess::store`, for each.
  void store(std::span<Store> stores);
  /// As `CacheAccess::drop`, for each.
  [[nodiscard]] std::vector<Result<bool>> drop(Keys keys);
  /// Ends the leases of those that have one.
  void give_back(std::span<Store> leases);
  /// As `CacheAccess::invalidate`, for each.
  [[nodiscard]] std::vector<Result<bool>> invalidate(Keys keys);
  /// As `CacheAccess::make_trusted`, for each.
  [[nodiscard]] std::vector<Result<void>> make_trusted(Keys keys);
  /// This process's turns to write the keys, one for each.
  [[nodiscard]] Turns lock(Keys keys);
  /// What to say of a key without a turn.
  [[nodiscard]] Error no_turn(std::string_view key) const { return budget_.why_no_turn(key); }

  void renew_budget() noexcept { budget_.renew(); }

 private:
  template <typename Operation>
  [[nodiscard]] auto run(std::span<const Operation> operations);
  [[nodiscard]] std::vector<Result<bool>> drop_in_turn(Keys keys, const Turns& turns);
  template <typename Operation, typename Make>
  void store_by(StoreRight::Kind kind, std::span<Store> stores, const Make& make);

  ExpanderState& state_;
  CacheBudget budget_;
};

}  // namespace cachekit
