#include "net/pool/connector.hpp"

#include "core/out_of_memory.hpp"
#include "net/wait_until.hpp"

#include <cachekit/runtime.hpp>

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>

namespace cachekit::net {
namespace {

constexpr auto short_attempt = std::chrono::milliseconds(100);

}  // namespace

Connector::Connector(Address address, std::shared_ptr<const Protocol> protocol,
                     std::chrono::milliseconds connection_timeout)
    : address_(std::move(address)),
      dialer_(address_, std::move(protocol)),
      connection_timeout_(connection_timeout) {}

Result<void> Connector::connect(Combiner& combiner, Deadline deadline) noexcept {
  try {
    const Result<bool> connected = take_or_begin(combiner, deadline);
    if (!connected) return fail(connected.error());
    if (*connected) return {};
    return fail(Errc::timeout, "there was no connection in time", address_.endpoint(),
                "raise the timeout, or check that the server is up and reachable");
  } catch (const std::exception&) {
    return fail(out_of_memory());
  }
}

Result<bool> Connector::try_connect(Combiner& combiner) noexcept {
  try {
    return take_or_begin(combiner, Deadline::after(std::chrono::milliseconds(0)));
  } catch (const std::exception&) {
    return fail(out_of_memory());
  }
}

Result<bool> Connector::take_or_begin(Combiner& combiner, Deadline deadline) {
  const auto ended = [&] { return !under_way_; };
  std::unique_lock lock(mutex_);
  while (!combiner.connection().connected()) {  // What an attempt brings may go to another one.
    if (!under_way_ && !fresh_) {
      if (Result<void> begun = begin_attempt(lock, deadline); !begun) return fail(begun.error());
    }
    if (!wait_until(ended_, lock, deadline, ended)) return false;
    if (!fresh_ && failure_) return fail(*failure_);
    if (!fresh_) continue;
    std::unique_ptr<Connection> connection = std::move(fresh_);
    lock.unlock();
    if (combiner.attach(std::move(*connection), deadline)) return true;
    lock.lock();  // It is as good as before.
    if (!fresh_) fresh_ = std::move(connection);
    return fail(Errc::timeout, "the broken connection was not let go of in time",
                address_.endpoint());
  }
  return true;
}

Result<void> Connector::begin_attempt(std::unique_lock<std::mutex>& lock, Deadline deadline) {
  wait_for_turn(lock, deadline);
  if (under_way_ || fresh_) return {};  // Somebody else has begun meanwhile, or even ended.
  if (Result<void> may = may_try(); !may) return may;
  under_way_ = true;
  const Deadline needed = Deadline::after(connection_timeout_);
  const bool has_time =
      deadline.never() || deadline.at() >= needed.at() - std::chrono::milliseconds(1);
  if (!has_time && attempt_elsewhere()) return {};
  // Where no thread is to be had, within the caller's time, or a little for one who has none.
  lock.unlock();
  attempt(earlier(needed, deadline.expired() ? Deadline::after(short_attempt) : deadline));
  lock.lock();
  return {};
}

bool Connector::attempt_elsewhere() noexcept {
  try {
    Runtime::system().execute(
        [self = shared_from_this()] { self->attempt(Deadline::after(self->connection_timeout_)); });
    return true;
  } catch (const std::exception&) {  // No thread, or no memory for one.
    return false;
  }
}

void Connector::wait_for_turn(std::unique_lock<std::mutex>& lock, Deadline deadline) {
  if (!failure_) return;
  const auto due = backoff_.next();
  if (due > deadline.at() || due - Deadline::clock::now() > short_wait) return;
  ended_.wait_until(lock, due, [&] { return under_way_ || fresh_; });
}

void Connector::attempt(Deadline deadline) noexcept {
  Result<std::unique_ptr<Connection>> opened = fail(out_of_memory());
  try {
    opened = dialer_.open(deadline);
  } catch (const std::exception&) {  // As above.
  }
  const std::lock_guard lock(mutex_);
  note(opened);
  failure_told_ = false;
  if (opened) fresh_ = *std::move(opened);
  under_way_ = false;
  ended_.notify_all();
  for (const auto& [who, call] : listeners_) call();
}

void Connector::on_ended(const void* who, std::function<void()> call) {
  const std::lock_guard lock(mutex_);
  std::erase_if(listeners_, [&](const auto& one) { return one.first == who; });
  if (call) listeners_.emplace_back(who, std::move(call));
}

Result<std::unique_ptr<Connection>> Connector::open(Deadline deadline) noexcept {
  try {
    return open_one(deadline);
  } catch (const std::exception&) {
    return fail(out_of_memory());
  }
}

Result<std::unique_ptr<Connection>> Connector::open_one(Deadline deadline) {
  {
    const std::lock_guard lock(mutex_);
    if (Result<void> may = may_try(); !may) return fail(std::move(may).error());
  }
  const Deadline budget = Deadline::after(connection_timeout_);
  auto opened = dialer_.open(earlier(deadline, budget));
  const std::lock_guard lock(mutex_);
  // A caller with little time says nothing about the server.
  const bool cut_short = deadline.at() < budget.at();
  if (opened || opened.error().code != Errc::timeout || !cut_short) note(opened);
  return opened;
}

Result<std::unique_ptr<Connection>> Connector::await(Deadline deadline) noexcept {
  try {
    return await_one(deadline);
  } catch (const std::exception&) {
    return fail(out_of_memory());
  }
}

Result<std::unique_ptr<Connection>> Connector::await_one(Deadline deadline) {
  const auto ended = [&] { return !under_way_; };
  std::unique_lock lock(mutex_);
  while (!fresh_) {
    if (under_way_) {
      if (!wait_until(ended_, lock, deadline, ended)) return nullptr;
      continue;
    }
    if (failure_ && !std::exchange(failure_told_, true)) return fail(*failure_);
    const auto due = failure_ ? backoff_.next() : Deadline::clock::time_point{};
    if (due > Deadline::clock::now()) {
      ended_.wait_until(lock, std::min(due, deadline.at()));
      if (deadline.expired()) return nullptr;
    } else if (Result<void> begun = begin_attempt(lock, deadline); !begun) {
      return fail(std::move(begun).error());
    }
  }
  return std::move(fresh_);
}

void Connector::note(const Result<std::unique_ptr<Connection>>& opened) noexcept {
  if (opened) {
    failure_.reset();
    backoff_.succeeded();
    return;
  }
  try {
    failure_ = opened.error();
  } catch (const std::exception&) {
    failure_ = out_of_memory(opened.error().code);
  }
  // Want of memory or threads says nothing about the server.
  if (opened.error().code != Errc::overloaded) backoff_.failed(Deadline::clock::now());
}

Result<void> Connector::may_try() const {
  if (!failure_) return {};
  const auto left = backoff_.next() - Deadline::clock::now();
  if (left <= left.zero()) return {};
  Error error = *failure_;
  error.message += fmt::format(" (the next attempt is due in {} ms)",
                               std::chrono::ceil<std::chrono::milliseconds>(left).count());
  return fail(std::move(error));
}

Deadline::clock::time_point Connector::next_attempt() const {
  const std::lock_guard lock(mutex_);
  return failure_ ? backoff_.next() : Deadline::clock::time_point{};
}

bool Connector::under_way() const {
  const std::lock_guard lock(mutex_);
  return under_way_ || fresh_;
}

}  // namespace cachekit::net
