#pragma once

#include "expander/flight.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace cachekit {

/// The flights of one expander: at most one for each key and kind that may still store.
///
/// Threads: any. No lock is held while anyone loads, nor across a callback.
/// Limits: as many flights as there are callers who load, each with so many waiters as they allow.
class FlightTable {
 public:
  /// A caller's part in a flight: its owner, or one of those who wait. It ends with this object: an
  /// owner who has not landed the flight leaves it to those who wait.
  /// Threads: one at a time.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept
        : table_(std::exchange(other.table_, nullptr)),
          flight_(std::move(other.flight_)),
          stop_(std::move(other.stop_)),
          seat_(other.seat_),
          turn_(other.turn_),
          landed_(other.landed_) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(table_, other.table_);
      std::swap(flight_, other.flight_);
      std::swap(stop_, other.stop_);
      std::swap(seat_, other.seat_);
      std::swap(turn_, other.turn_);
      std::swap(landed_, other.landed_);
      return *this;
    }
    ~Place() { leave(); }

    [[nodiscard]] Seat seat() const noexcept { return seat_; }
    /// Null where there is no seat.
    [[nodiscard]] Flight* flight() const noexcept { return flight_.get(); }
    /// Of an owner: stopped when nobody wants the answer any more.
    [[nodiscard]] const std::stop_token& stop() const noexcept { return stop_; }
    void leave() noexcept {
      if (table_ != nullptr) std::exchange(table_, nullptr)->leave(*this);
    }

   private:
    friend class FlightTable;
    FlightTable* table_ = nullptr;
    std::shared_ptr<Flight> flight_{};
    std::stop_token stop_{};
    Seat seat_ = Seat::full;
    std::uint32_t turn_ = 0;
    bool landed_ = false;
  };

  struct Limits {
    std::chrono::milliseconds lease;
    std::size_t max_waiters;
  };

  explicit FlightTable(Runtime& runtime) : runtime_(runtime) {}

  /// How many flights of about this key have landed. Two equal numbers: none has in between.
  [[nodiscard]] std::uint64_t landed(std::string_view key) const noexcept;

  [[nodiscard]] Place join(std::string_view key, const EntityKind& kind, const Limits& limits);
  /// A place for one more who waits, whatever their number. Requires: `place` has a flight.
  [[nodiscard]] Place watch(const Place& place);
  /// Waits as one who is not the owner. `inherited`: the place is the owner's now.
  [[nodiscard]] Arrival wait(Place& place, Runtime::steady_time until, const std::stop_token& stop,
                             std::chrono::milliseconds lease);
  /// What the flight has landed with. Requires: it has.
  [[nodiscard]] std::shared_ptr<const Landing> landing(const Place& place) const;

  /// What an owner is to do with its answer.
  enum class Landed : std::uint8_t {
    store,
    fenced,  ///< Nothing: its key was invalidated after the load began.
    late,    ///< Nothing: another owner was first.
  };
  /// Answers all who wait.
  Landed land(Place& place, Landing landing);
  /// As `land`, with a failure; it is that of all unless another owner loads.
  void fail(const Place& place, const Error& error);
  /// Whether nothing has made the answer stale yet.
  [[nodiscard]] bool may_store(const Place& place) const;
  /// The caller of the owner does not want the answer any more.
  void withdraw(const Place& place) noexcept;
  /// Detaches the flights of a key: whoever asks for it from now on begins another one.
  void fence(std::string_view key) noexcept;

 private:
  friend class Place;
  using Flights = std::unordered_multimap<std::string_view, std::shared_ptr<Flight>>;
  struct Shard {
    mutable std::mutex mutex;  // guards what follows, and the flights in it
    Flights flights;
    std::atomic<std::uint64_t> landed{0};
  };

  [[nodiscard]] Shard& shard_of(std::string_view key) noexcept {
    return shards_[std::hash<std::string_view>{}(key) % shards_.size()];
  }
  [[nodiscard]] const Shard& shard_of(std::string_view key) const noexcept {
    return shards_[std::hash<std::string_view>{}(key) % shards_.size()];
  }
  void own(Flight& flight, Place& place, std::chrono::milliseconds lease) const;
  void leave(Place& place) noexcept;
  static void erase(Shard& shard, const Flight& flight) noexcept;

  Runtime& runtime_;
  std::array<Shard, 16> shards_{};
};

}  // namespace cachekit
