#include "expander/bulk_access.hpp"

#include "core/count_outcome.hpp"
#include "expander/cache_access.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace cachekit {
// Of a batch of one kind of operation.
template <typename Operation>
auto BulkAccess::run(std::span<const Operation> operations) {
  using Outcomes = std::vector<Result<typename Operation::Value>>;
  if (operations.empty()) return Outcomes();
  if (budget_.is_spent()) return Outcomes(operations.size(), fail(budget_.why_spent()));
  return budget_.spend([&](CacheBudget::Timeout timeout) -> Outcomes {
    return state_.backend.run_many(operations, {.timeout = timeout});
  });
}

std::vector<Result<std::optional<std::string>>> BulkAccess::get(Keys keys) {
  std::vector<operation::Get> gets;
  gets.reserve(keys.size());
  for (const std::string_view key : keys) gets.push_back({.key = key});
  return run<operation::Get>(gets);
}

std::vector<Result<Leased>> BulkAccess::lease(Keys keys, Ttl lease_ttl) {
  std::vector<operation::LeaseGet> gets;
  gets.reserve(keys.size());
  for (const std::string_view key : keys) gets.push_back({.key = key, .lease_ttl = lease_ttl});
  return run<operation::LeaseGet>(gets);
}

std::vector<Result<bool>> BulkAccess::drop(Keys keys) {
  std::vector<operation::Remove> removes;
  removes.reserve(keys.size());
  for (const std::string_view key : keys) removes.push_back({.key = key});
  auto removed = run<operation::Remove>(removes);
  for (const auto& one : removed) count_outcome<operation::Remove>(state_.metrics, one);
  return removed;
}

// Those that are to be stored in one way, as one batch.
template <typename Operation, typename Make>
void BulkAccess::store_by(StoreRight::Kind kind, std::span<Store> stores, const Make& make) {
  std::vector<Operation> operations;
  std::vector<Store*> whose;
  for (Store& store : stores) {
    if (store.right->kind != kind) continue;
    operations.push_back(make(store));
    whose.push_back(&store);
  }
  auto outcomes = run<Operation>(operations);
  for (std::size_t i = 0; i < whose.size(); ++i) whose[i]->outcome = std::move(outcomes[i]);
}

void BulkAccess::store(std::span<Store> stores) {
  using Kind = StoreRight::Kind;
  store_by<operation::LeaseSet>(Kind::lease, stores, [](const Store& one) {
    return operation::LeaseSet{
        .key = one.key, .token = one.right->token, .value = one.envelope, .ttl = one.ttl};
  });
  store_by<operation::CompareAndSet>(Kind::replace, stores, [](const Store& one) {
    return operation::CompareAndSet{
        .key = one.key, .expected = one.right->seen, .value = one.envelope, .ttl = one.ttl};
  });
  store_by<operation::Set>(Kind::any, stores, [](const Store& one) {
    return operation::Set{.key = one.key, .value = one.envelope, .ttl = one.ttl};
  });
  for (const Store& one : stores) {
    if (one.right->kind == Kind::none) continue;
    count_outcome<operation::Set>(state_.metrics, one.outcome);
  }
  store_by<operation::Remove>(Kind::none, stores,
                              [&](const Store& one) { return operation::Remove{.key = one.key}; });
  for (Store& one : stores) {
    if (one.right->kind == Kind::none) {
      count_outcome<operation::Remove>(state_.metrics, one.outcome);
      if (one.outcome) one.outcome = false;
    }
    *one.right = {.kind = Kind::none};
  }
}

void BulkAccess::give_back(std::span<Store> leases) {
  store_by<operation::LeaseDrop>(StoreRight::Kind::lease, leases, [](const Store& one) {
    return operation::LeaseDrop{.key = one.key, .token = one.right->token};
  });
  for (Store& one : leases) *one.right = {.kind = StoreRight::Kind::none};
}

std::vector<Result<bool>> BulkAccess::invalidate(Keys keys) {
  for (const std::string_view key : keys) state_.flights.fence(key);
  const Turns turns = lock(keys);
  std::vector<Result<bool>> outcomes = drop_in_turn(keys, turns);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    outcomes[i] = CacheAccess(state_, keys[i]).invalidated(std::move(outcomes[i]));
  }
  return outcomes;
}

std::vector<Result<void>> BulkAccess::make_trusted(Keys keys) {
  std::vector<Result<void>> outcomes(keys.size());
  if (state_.pending.empty()) return outcomes;
  std::vector<std::string_view> pending;
  std::vector<std::size_t> where;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!state_.pending.contains(keys[i])) continue;
    pending.push_back(keys[i]);
    where.push_back(i);
  }
  if (pending.empty()) return outcomes;
  state_.repeater.arm();
  Turns turns = lock(pending);
  // Somebody who had the turn before may have stored something newer, or removed it.
  Turns turns_left;
  std::vector<std::string_view> left;
  std::vector<std::size_t> where_left;
  for (std::size_t i = 0; i < pending.size(); ++i) {
    if (turns[i] && !state_.pending.contains(pending[i])) continue;
    turns_left.push_back(std::move(turns[i]));
    left.push_back(pending[i]);
    where_left.push_back(where[i]);
  }
  const std::vector<Result<bool>> removed = drop_in_turn(left, turns_left);
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (removed[i]) {
      state_.pending.forget(left[i]);
    } else {
      outcomes[where_left[i]] = fail(removed[i].error());
    }
  }
  return outcomes;
}

std::vector<Result<bool>> BulkAccess::drop_in_turn(Keys keys, const Turns& turns) {
  std::vector<std::string_view> mine;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (turns[i]) mine.push_back(keys[i]);
  }
  std::vector<Result<bool>> removed = drop(mine);
  std::vector<Result<bool>> outcomes;
  outcomes.reserve(keys.size());
  for (std::size_t i = 0, next = 0; i < keys.size(); ++i) {
    outcomes.push_back(turns[i] ? std::move(removed[next++]) : fail(no_turn(keys[i])));
  }
  return outcomes;
}

// In the order of the keys, as everybody does who takes several: so nobody waits in a circle.
BulkAccess::Turns BulkAccess::lock(Keys keys) {
  std::vector<std::size_t> order(keys.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
  Turns turns(keys.size());
  for (const std::size_t at : order) {
    if (KeyLocks::Held held = budget_.lock(keys[at])) turns[at].emplace(std::move(held));
  }
  return turns;
}

}  // namespace cachekit
