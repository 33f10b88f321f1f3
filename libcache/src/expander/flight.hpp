#pragma once

#include "expander/fetch_plan.hpp"

#include <cachekit/entity.hpp>
#include <cachekit/error.hpp>
#include <cachekit/fetched.hpp>
#include <cachekit/runtime.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace cachekit {

/// What came of a load, for all who wait for it.
struct Landing {
  /// The value in its envelope. Empty: there is no such entity, or nobody else can have it.
  std::shared_ptr<const std::string> envelope{};
  bool shared = true;  ///< False: the value could not be encoded.
  Origin origin = Origin::none;
  std::optional<Error> error{};  ///< The load failed.
};

/// One load of one key, and those who wait for it. All of it belongs to its `FlightTable`, whose
/// locks guard what changes.
///
/// A flight begins with its owner, who loads. It lands once, with an answer or a failure: then all
/// who wait are told, and it stays in the table until the answer is stored, so that nobody who
/// missed the entry before begins another one. To own it is a lease: when that ends, or the owner
/// leaves without an answer, one of those who wait becomes owner, too. Whoever is first with an
/// answer lands it, and is the only one to store.
///
/// An invalidation detaches it: it is found by nobody from then on, and its answer not stored.
struct Flight {
  Flight(std::string_view of, const EntityKind& kind, Runtime& runtime)
      : key(of), codec(kind.codec), schema(kind.schema), changed(runtime.make_condition()) {}

  const std::string key;
  const CodecId codec;
  const std::uint32_t schema;
  const std::unique_ptr<Runtime::Condition> changed;
  std::shared_ptr<const Landing> landing{};
  Runtime::steady_time lease_ends{};
  std::uint32_t turn = 0;  ///< Raised with each owner: the latest one's.
  bool owned = false;
  bool withdrawn = false;  ///< The owner's caller does not want the answer any more.
  bool detached = false;
  std::size_t waiters = 0;
  std::stop_source stop{};  ///< Stopped when nobody wants the answer any more.

  Flight* waits_for = nullptr;  ///< Of its owner's thread; guarded by the lock of all waits.
};

}  // namespace cachekit
