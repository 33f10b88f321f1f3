#include "net/connector.hpp"

#include "net/wait_until.hpp"

#include <exception>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace cachekit::net {
namespace {

constexpr auto short_wait = std::chrono::milliseconds(20);

}  // namespace

Connector::Connector(Address address, std::shared_ptr<const Protocol> protocol,
                     std::chrono::milliseconds connection_timeout)
    : address_(std::move(address)),
      dialer_(address_, std::move(protocol)),
      connection_timeout_(connection_timeout) {}

Result<void> Connector::connect(Combiner& combiner, Deadline deadline) {
  std::unique_lock lock(mutex_);
  if (combiner.connected()) return {};
  if (!under_way_ && !fresh_) {
    if (Result<void> begun = begin_attempt(lock, deadline); !begun) return begun;
  }
  const auto ended = [&] { return !under_way_; };
  if (!wait_until(ended_, lock, deadline, ended)) {
    return fail(Errc::timeout, "there was no connection in time", address_.endpoint(),
                "raise the timeout, or check that the server is up and reachable");
  }
  if (!fresh_) {
    if (failure_) return fail(*failure_);
    return {};  // Another caller has attached it already.
  }
  const std::unique_ptr<Connection> connection = std::move(fresh_);
  lock.unlock();
  if (combiner.attach(std::move(*connection), deadline)) return {};
  return fail(Errc::timeout, "the broken connection was not let go of in time",
              address_.endpoint());
}

Result<void> Connector::begin_attempt(std::unique_lock<std::mutex>& lock, Deadline deadline) {
  wait_for_turn(lock, deadline);
  if (under_way_ || fresh_) return {};  // Somebody else has begun meanwhile, or even ended.
  if (Result<void> may = may_try(); !may) return may;
  under_way_ = true;
  const Deadline needed = Deadline::after(connection_timeout_);
  const bool has_time =
      deadline.never() || deadline.at() >= needed.at() - std::chrono::milliseconds(1);
  if (!has_time) {
    try {
      std::thread([self = shared_from_this()] { self->attempt(); }).detach();
      return {};
    } catch (const std::system_error&) {  // No thread is to be had: then within the caller's time.
    }
  }
  lock.unlock();
  attempt();
  lock.lock();
  return {};
}

// A caller that can try soon is better served by a short wait than by an error.
void Connector::wait_for_turn(std::unique_lock<std::mutex>& lock, Deadline deadline) {
  if (!failure_) return;
  const auto due = backoff_.next();
  if (due > deadline.at() || due - Deadline::clock::now() > short_wait) return;
  ended_.wait_until(lock, due, [&] { return under_way_ || fresh_; });
}

void Connector::attempt() noexcept {
  Result<std::unique_ptr<Connection>> opened =
      fail(Errc::overloaded, "there is no memory for a connection", address_.endpoint());
  try {
    opened = dialer_.open(Deadline::after(connection_timeout_));
  } catch (const std::exception&) {  // As above.
  }
  const std::lock_guard lock(mutex_);
  note(opened);
  if (opened) fresh_ = *std::move(opened);
  under_way_ = false;
  ended_.notify_all();
}

Result<std::unique_ptr<Connection>> Connector::open(Deadline deadline) {
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

void Connector::note(const Result<std::unique_ptr<Connection>>& opened) {
  if (opened) {
    failure_.reset();
    backoff_.succeeded();
  } else {
    failure_ = opened.error();
    backoff_.failed(Deadline::clock::now());
  }
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

bool Connector::under_way() const {
  const std::lock_guard lock(mutex_);
  return under_way_ || fresh_;
}

}  // namespace cachekit::net
