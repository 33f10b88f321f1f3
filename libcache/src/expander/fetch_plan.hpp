#pragma once

#include <cachekit/expander_options.hpp>

#include <cstdint>

namespace cachekit {

/// What the cache's entry of a key is good for.
enum class Standing : std::uint8_t {
  none,   ///< There is no entry, or none that can be used.
  stale,  ///< Past its expiry, and it may still answer where the source does not.
  due,    ///< It answers, and this caller is the one to refresh it.
  fresh,
};

/// What a caller got who wanted to load a key.
enum class Seat : std::uint8_t {
  owner,    ///< The load is his.
  waiter,   ///< Somebody else's load is under way.
  landed,   ///< Somebody else's load has an answer already.
  full,     ///< As many wait for it as may.
  own_key,  ///< It is this thread that loads the key.
};

/// How the wait for somebody else's load ended.
enum class Arrival : std::uint8_t {
  landed,
  failed,
  unshared,   ///< With a value that only the one who loaded it can have.
  inherited,  ///< The load is this caller's now.
  timed_out,
  cancelled,
  own_key,  ///< It would not have ended: that load waits for this thread.
};

/// Who is to load a key in the fleet.
enum class FleetLease : std::uint8_t {
  none,     ///< The backend has none for it.
  granted,  ///< This process.
  taken,    ///< Another one.
};

/// How a load of one's own ended.
enum class LoadEnd : std::uint8_t {
  answered,
  failed,
  late,  ///< Not yet: it goes on in the background.
};

/// What a fetch does, step by step: told what came of a step, it says what the next one is. It has
/// neither threads nor a clock, so that any order of events can be stepped through in a test.
class FetchPlan {
 public:
  enum class Step : std::uint8_t {
    look_up,
    drop,          ///< Remove the entry.
    join,          ///< Get a seat at the key's flight.
    wait,          ///< For the flight's owner.
    confirm,       ///< As owner: look again, and ask for the fleet's lease.
    poll,          ///< Wait a little for another process, as long as there is time.
    load,          ///< As owner: call the loader, store, and answer all who wait.
    load_alone,    ///< Call the loader, for this caller only.
    answer,        ///< With the value at hand.
    answer_stale,  ///< With the entry that has expired.
    fail,          ///< With the error at hand.
  };

  /// Whether it ends with that step.
  [[nodiscard]] static constexpr bool is_last(Step step) noexcept {
    return step == Step::answer || step == Step::answer_stale || step == Step::fail;
  }

  /// `confirms`: owners have to ask for a lease of the fleet before they load.
  FetchPlan(Strategy strategy, bool confirms) noexcept : strategy_(strategy), confirms_(confirms) {}

  [[nodiscard]] Step begin() const noexcept;
  /// `throttled`: the source has failed a short time ago.
  [[nodiscard]] Step looked_up(Standing standing, bool throttled = false) noexcept;
  [[nodiscard]] Step dropped() const noexcept { return Step::join; }
  /// `raced`: a flight has ended since this caller looked the key up.
  [[nodiscard]] Step joined(Seat seat, bool raced) const noexcept;
  [[nodiscard]] Step waited(Arrival arrival) const noexcept;
  /// `standing` of an entry that is newer than the one that was seen.
  [[nodiscard]] Step confirmed(Standing standing, FleetLease lease) noexcept;
  [[nodiscard]] Step polled(bool time_left) const noexcept;
  [[nodiscard]] Step loaded(LoadEnd end) const noexcept;

  [[nodiscard]] Standing standing() const noexcept { return standing_; }

 private:
  [[nodiscard]] Step fallback_or(Step otherwise) const noexcept;

  Strategy strategy_;
  bool confirms_;
  Standing standing_ = Standing::none;
};

}  // namespace cachekit
