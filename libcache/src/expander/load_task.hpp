#pragma once

#include "expander/cache_access.hpp"
#include "expander/expander_state.hpp"
#include "expander/loading.hpp"
#include "expander/store_right.hpp"

#include <cachekit/fetched.hpp>
#include <cachekit/loader.hpp>

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace cachekit {

/// One load of a flight's owner: calls the loader, answers all who wait, and makes the cache agree
/// with what the source said. The flight is over when this object is gone.
///
/// Threads: one at a time; not necessarily the caller's.
class LoadTask {
 public:
  /// What of the call concerns the load.
  struct Terms {
    CodecId codec{};
    std::uint32_t schema = 0;
    FetchPolicy policy{};
    Ttl ttl = Ttl::none();
    unsigned retries = 0;
    MissReason miss = MissReason::none;
    Standing standing = Standing::none;  ///< Of the entry in `StoreRight::seen`.
  };
  /// What came of it.
  struct Outcome {
    bool present = false;
    std::optional<Ttl> remaining{};      ///< Where it was stored.
    std::optional<Error> cache_error{};  ///< Why it was not.
  };

  LoadTask(ExpanderState& state, const Terms& terms, FlightTable::Place place, StoreRight right)
      : state_(state), terms_(terms), place_(std::move(place)), right_(std::move(right)) {}

  [[nodiscard]] std::string_view key() const noexcept { return place_.flight()->key; }
  /// Another place in its flight, of one who waits for it.
  [[nodiscard]] FlightTable::Place watch() { return state_.flights.watch(place_); }

  /// What the source said, ready to be stored. Without an envelope: there is nothing to store.
  struct Answer {
    bool present = false;
    Ttl ttl = Ttl::none();
    std::optional<Result<std::string>> envelope{};
  };
  /// What the cache is to be told of an answer.
  enum class Settling : std::uint8_t { nothing, store, drop };

  /// `stop` is that of the caller, as long as there is one.
  /// Errors: the loader's.
  [[nodiscard]] Result<Outcome> run(detail::FetchJob& job, CacheAccess& cache,
                                    const std::stop_token& stop);

  /// The steps of `run`, for who loads for several flights at once.
  [[nodiscard]] const FlightTable::Place& place() const noexcept { return place_; }
  [[nodiscard]] StoreRight& right() noexcept { return right_; }
  [[nodiscard]] Answer wrap(const detail::FetchJob& job, const CacheAccess& cache,
                            const Loaded& loaded, const LoadContext& context) const;
  /// Answers all who wait. False: the answer is not to be stored.
  [[nodiscard]] bool land(const Answer& answer);
  /// Tells all who wait.
  void failed(const Error& error);
  [[nodiscard]] Settling settling_of(const Answer& answer) const noexcept;
  /// Asked with the key locked.
  [[nodiscard]] bool may_store() const;
  /// How long the cache is to keep it.
  [[nodiscard]] Ttl kept(const Answer& answer) const noexcept;
  /// True when the answer was stored. `done`: what the cache said.
  [[nodiscard]] Result<bool> settled(const Answer& answer, Settling how, Result<bool> done) const;

 private:
  [[nodiscard]] Result<Answer> call(detail::FetchJob& job, const CacheAccess& cache,
                                    const std::stop_token& stop);
  [[nodiscard]] Landing landing_of(const Answer& answer) const;
  [[nodiscard]] Result<bool> settle(const Answer& answer, CacheAccess& cache);
  [[nodiscard]] bool entry_is_bad() const noexcept {
    return terms_.miss == MissReason::undecodable || terms_.miss == MissReason::schema_changed;
  }

  ExpanderState& state_;
  const Terms terms_;
  FlightTable::Place place_;
  StoreRight right_;
};

}  // namespace cachekit
