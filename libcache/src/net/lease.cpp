#include "net/lease.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace cachekit::net {

// `open_` counts slots: idle connections and the ones that callers hold or are opening. A caller
// that has a slot either takes an idle connection or may open one.

Result<void> Lease::wait_for_slot(Channel& channel, Deadline deadline) {
  std::unique_lock lock(channel.mutex_);
  const auto free = [&] {
    return !channel.idle_.empty() || channel.open_ < channel.options_.max_connections;
  };
  const auto state = [&] {
    return fmt::format("connections: {} allowed, {} in use; callers waiting: {}",
                       channel.options_.max_connections, channel.open_ - channel.idle_.size(),
                       channel.waiting_);
  };
  if (!free()) {
    if (channel.waiting_ >= channel.options_.max_waiting) {
      return fail(Errc::overloaded, fmt::format("too many callers wait ({})", state()),
                  channel.endpoint_, "shed load, or raise the pool's size");
    }
    ++channel.waiting_;
    const bool got = deadline.never() ? (channel.returned_.wait(lock, free), true)
                                      : channel.returned_.wait_until(lock, deadline.at(), free);
    --channel.waiting_;
    if (!got) {
      return fail(Errc::timeout, fmt::format("no connection became free in time ({})", state()),
                  channel.endpoint_, "raise the pool's size or the timeout");
    }
  }
  return {};
}

void Lease::take_idle() {
  // Most recently used first: the others are left to grow old and be noticed as closed.
  while (true) {
    std::unique_ptr<Connection> candidate;
    {
      const std::lock_guard lock(channel_->mutex_);
      if (channel_->idle_.empty()) return;
      candidate = std::move(channel_->idle_.back());
      channel_->idle_.pop_back();
    }
    if (!candidate->stale()) {
      connection_ = std::move(candidate);
      reused_ = true;
      return;
    }
    candidate.reset();
    const std::lock_guard lock(channel_->mutex_);
    --channel_->open_;
  }
}

Result<Lease> Lease::take(Channel& channel, Deadline deadline, bool fresh) {
  while (true) {
    if (Result<void> slot = wait_for_slot(channel, deadline); !slot) {
      return fail(std::move(slot).error());
    }
    Lease lease(channel);
    if (!fresh) lease.take_idle();
    if (lease.connection_) return lease;

    std::unique_ptr<Connection> evicted;  // Closed outside the lock.
    {
      const std::lock_guard lock(channel.mutex_);
      if (channel.open_ >= channel.options_.max_connections) {
        if (channel.idle_.empty() || !fresh) {
          lease.channel_ = nullptr;
          continue;  // Another caller was faster.
        }
        evicted = std::move(channel.idle_.front());
        channel.idle_.erase(channel.idle_.begin());
        --channel.open_;
      }
      ++channel.open_;
    }
    const Deadline connect_by =
        earlier(deadline, Deadline::after(channel.options_.connection_timeout));
    auto opened = Connection::open(channel.options_.address, *channel.protocol_, connect_by);
    channel.connects_.fetch_add(1, std::memory_order_relaxed);
    if (!opened) return fail(std::move(opened).error());  // The lease gives its slot back.
    lease.connection_ = *std::move(opened);
    return lease;
  }
}

Lease::Lease(Lease&& other) noexcept
    : channel_(std::exchange(other.channel_, nullptr)),
      connection_(std::move(other.connection_)),
      reused_(other.reused_) {}

Lease& Lease::operator=(Lease&& other) noexcept {
  std::swap(channel_, other.channel_);
  std::swap(connection_, other.connection_);
  std::swap(reused_, other.reused_);
  return *this;
}

Lease::~Lease() {
  if (channel_ == nullptr) return;
  const bool keep = connection_ && connection_->usable();
  if (!keep) connection_.reset();
  {
    const std::lock_guard lock(channel_->mutex_);
    if (keep) {
      channel_->idle_.push_back(std::move(connection_));
    } else {
      --channel_->open_;
    }
  }
  channel_->returned_.notify_one();
}

}  // namespace cachekit::net
