#pragma once

#include "expander/flight.hpp"

#include <string_view>

namespace cachekit {

class FlightTable;

/// Marks a thread as one that loads a flight's key, while this object lives: so a load that would
/// wait for itself is found out, be it in one thread or through others.
///
/// Threads: the one that made it ends it.
class LoadFrame {
 public:
  LoadFrame(const FlightTable& table, Flight& flight, Runtime& runtime) noexcept;
  ~LoadFrame();
  LoadFrame(const LoadFrame&) = delete;
  LoadFrame& operator=(const LoadFrame&) = delete;

  /// Whether this thread loads the key already.
  [[nodiscard]] static bool loads(const FlightTable& table, Runtime& runtime,
                                  std::string_view key) noexcept;

 private:
  friend class LoadWait;
  const FlightTable& table_;
  Flight& flight_;
  Runtime& runtime_;
  LoadFrame* const outer_;
};

/// Says for whom this thread waits, while this object lives.
class LoadWait {
 public:
  LoadWait(Flight& target, Runtime& runtime) noexcept;
  ~LoadWait();
  LoadWait(const LoadWait&) = delete;
  LoadWait& operator=(const LoadWait&) = delete;

  /// The target waits for a load of this thread: nobody must wait.
  [[nodiscard]] bool in_a_circle() const noexcept { return in_a_circle_; }

 private:
  Flight* waiting_ = nullptr;
  bool in_a_circle_ = false;
};

}  // namespace cachekit
