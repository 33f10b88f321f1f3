#include "expander/flight_table.hpp"

#include "expander/load_frame.hpp"

#include <algorithm>

namespace cachekit {

std::uint64_t FlightTable::landed(std::string_view key) const noexcept {
  return shard_of(key).landed.load(std::memory_order_acquire);
}

FlightTable::Place FlightTable::join(std::string_view key, const EntityKind& kind,
                                     const Limits& limits) {
  Place place;
  if (LoadFrame::loads(*this, runtime_, key)) {
    place.seat_ = Seat::own_key;
    return place;
  }
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto [first, last] = shard.flights.equal_range(key);
  const auto found = std::find_if(first, last, [&](const auto& one) {
    return one.second->codec == kind.codec && one.second->schema == kind.schema;
  });
  if (found == last) {
    place.flight_ = std::make_shared<Flight>(key, kind, runtime_);
    shard.flights.emplace(place.flight_->key, place.flight_);
    own(*place.flight_, place, limits.lease);
  } else if (Flight& flight = *found->second; flight.landing) {
    place.seat_ = Seat::landed;
    place.flight_ = found->second;
  } else if (!flight.owned || flight.lease_ends <= runtime_.now()) {
    place.flight_ = found->second;
    own(flight, place, limits.lease);
  } else if (flight.waiters < limits.max_waiters) {
    place.seat_ = Seat::waiter;
    place.flight_ = found->second;
    ++flight.waiters;
  } else {
    return place;
  }
  place.table_ = this;
  return place;
}

FlightTable::Place FlightTable::watch(const Place& place) {
  Place watcher;
  watcher.flight_ = place.flight_;
  watcher.seat_ = Seat::waiter;
  const std::lock_guard lock(shard_of(place.flight_->key).mutex);
  ++watcher.flight_->waiters;
  watcher.table_ = this;
  return watcher;
}

void FlightTable::own(Flight& flight, Place& place, std::chrono::milliseconds lease) const {
  place.seat_ = Seat::owner;
  place.turn_ = ++flight.turn;
  if (flight.stop.stop_requested()) flight.stop = std::stop_source();
  place.stop_ = flight.stop.get_token();
  flight.owned = true;
  flight.withdrawn = false;
  flight.lease_ends = runtime_.now() + lease;
}

Arrival FlightTable::wait(Place& place, Runtime::steady_time until, const std::stop_token& stop,
                          std::chrono::milliseconds lease) {
  Flight& flight = *place.flight_;
  Shard& shard = shard_of(flight.key);
  const LoadWait wait(flight, runtime_);
  if (wait.in_a_circle()) return Arrival::own_key;
  const std::stop_callback on_stop(stop, [&] {
    const std::lock_guard lock(shard.mutex);
    flight.changed->notify_all();
  });
  std::unique_lock lock(shard.mutex);
  for (;;) {
    if (flight.landing) {
      if (flight.landing->error) return Arrival::failed;
      return flight.landing->shared ? Arrival::landed : Arrival::unshared;
    }
    if (stop.stop_requested()) return Arrival::cancelled;
    const Runtime::steady_time now = runtime_.now();
    if (!flight.owned || flight.lease_ends <= now) {
      --flight.waiters;
      own(flight, place, lease);
      return Arrival::inherited;
    }
    if (until <= now) return Arrival::timed_out;
    flight.changed->wait_until(lock, std::min(until, flight.lease_ends));
  }
}

std::shared_ptr<const Landing> FlightTable::landing(const Place& place) const {
  const std::lock_guard lock(shard_of(place.flight_->key).mutex);
  return place.flight_->landing;
}

FlightTable::Landed FlightTable::land(Place& place, Landing landing) {
  Flight& flight = *place.flight_;
  auto shared = std::make_shared<const Landing>(std::move(landing));
  const std::lock_guard lock(shard_of(flight.key).mutex);
  if (flight.landing) return Landed::late;
  flight.landing = std::move(shared);
  place.landed_ = true;
  flight.changed->notify_all();
  return flight.detached ? Landed::fenced : Landed::store;
}

void FlightTable::fail(const Place& place, const Error& error) {
  Flight& flight = *place.flight_;
  auto shared = std::make_shared<const Landing>(Landing{.error = error});
  Shard& shard = shard_of(flight.key);
  const std::lock_guard lock(shard.mutex);
  // Of a load that was told to stop, or that another one goes on for, nobody else is to fail.
  if (flight.landing || flight.turn != place.turn_ || place.stop_.stop_requested()) return;
  flight.landing = std::move(shared);
  erase(shard, flight);
  flight.changed->notify_all();
}

bool FlightTable::may_store(const Place& place) const {
  const std::lock_guard lock(shard_of(place.flight_->key).mutex);
  return !place.flight_->detached;
}

void FlightTable::withdraw(const Place& place) noexcept {
  Flight& flight = *place.flight_;
  std::unique_lock lock(shard_of(flight.key).mutex);
  if (flight.turn != place.turn_) return;
  flight.withdrawn = true;
  std::stop_source stop = flight.stop;
  const bool unwanted = flight.waiters == 0;
  lock.unlock();
  if (unwanted) stop.request_stop();
}

void FlightTable::fence(std::string_view key) noexcept {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto [first, last] = shard.flights.equal_range(key);
  for (auto one = first; one != last; ++one) one->second->detached = true;
  shard.flights.erase(first, last);
}

void FlightTable::leave(Place& place) noexcept {
  const std::shared_ptr<Flight> flight = std::move(place.flight_);
  Shard& shard = shard_of(flight->key);
  std::unique_lock lock(shard.mutex);
  if (place.landed_) {
    erase(shard, *flight);
    shard.landed.fetch_add(1, std::memory_order_release);
  } else if (place.seat_ == Seat::waiter) {
    if (--flight->waiters > 0 || !flight->withdrawn) return;
    std::stop_source stop = flight->stop;
    lock.unlock();
    stop.request_stop();
  } else if (place.seat_ == Seat::owner && flight->turn == place.turn_ && !flight->landing) {
    flight->owned = false;
    if (flight->waiters == 0) erase(shard, *flight);
    flight->changed->notify_all();
  }
}

void FlightTable::erase(Shard& shard, const Flight& flight) noexcept {
  const auto [first, last] = shard.flights.equal_range(flight.key);
  const auto found =
      std::find_if(first, last, [&](const auto& one) { return one.second.get() == &flight; });
  if (found != last) shard.flights.erase(found);
}

}  // namespace cachekit
