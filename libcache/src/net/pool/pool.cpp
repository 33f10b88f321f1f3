#include "net/pool/pool.hpp"

#include "core/out_of_memory.hpp"
#include "net/resends.hpp"
#include "net/wait_until.hpp"

#include <cachekit/runtime.hpp>

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include <fmt/format.h>

namespace cachekit::net {

Pool::Pool(const PoolOptions& options, std::shared_ptr<Connector> connector, std::string endpoint)
    : options_(options), connector_(std::move(connector)), endpoint_(std::move(endpoint)) {}

PoolStats Pool::stats() const {
  const std::lock_guard lock(mutex_);
  const std::size_t taken = open_ - idle_.size();  // Of which one may be being opened for nobody.
  return {.open = open_,
          .in_use = taken - (adding_ && taken > 0 ? 1 : 0),
          .waiting = waiting_,
          .requests = counts_.requests.load(std::memory_order_relaxed),
          .timeouts = counts_.timeouts.load(std::memory_order_relaxed),
          .reconnects = reconnects_};
}

void Pool::add_idle() noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (adding_ || open_ >= options_.max_connections) return;
    adding_ = true;
  }
  try {
    Runtime::system().execute([self = shared_from_this()] { self->open_idle(); });
  } catch (const std::exception&) {  // No thread, or no memory for one.
    const std::lock_guard lock(mutex_);
    adding_ = false;
  }
}

// The callers that it is for have connections meanwhile; so it may take its time, but not for ever.
void Pool::open_idle() noexcept {
  static_cast<void>(PooledConnection::take(*this, Deadline::after(std::chrono::seconds(5)), true));
  const std::lock_guard lock(mutex_);
  adding_ = false;
}

void Pool::close_stale() noexcept {
  const std::lock_guard lock(mutex_);
  const std::size_t closed =
      std::erase_if(idle_, [](const std::unique_ptr<Connection>& idle) { return idle->stale(); });
  open_ -= closed;
  broken_ += closed;
}

bool Pool::broke_since(Deadline::clock::time_point then) const {
  const std::lock_guard lock(mutex_);
  return broke_at_ > then;
}

// A thread of the parent may have been changing the list just then: better a descriptor too many.
void Pool::close_after_fork() noexcept {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return;
  for (auto& connection : idle_) connection.reset();
}

bool worth_another_try(const PooledConnection& pooled, const Request& request, const Error& error) {
  const bool lost = error.code == Errc::unavailable;
  return lost && pooled.reused() && (request.idempotent() || pooled->nothing_sent());
}

Result<void> execute_dedicated(Pool& pool, Request& request, Deadline deadline) {
  Resends resends;
  while (true) {
    Result<PooledConnection> pooled = PooledConnection::take(pool, deadline, resends.any());
    if (!pooled) return fail(std::move(pooled).error());
    Result<void> done = (*pooled)->exchange(request, deadline);
    if (done) return done;
    const bool harmless = worth_another_try(*pooled, request, done.error());
    if (!resends.allow(request, harmless)) return done;
  }
}

// `open_` counts slots: idle connections and the ones that callers hold or are opening. A caller
// that has a slot either takes an idle connection or may open one.

Result<void> PooledConnection::wait_for_slot(Pool& pool, Deadline deadline) {
  std::unique_lock lock(pool.mutex_);
  const auto free = [&] {
    return !pool.idle_.empty() || pool.open_ < pool.options_.max_connections;
  };
  const auto state = [&] {
    return fmt::format("connections: {} allowed, {} in use; callers waiting: {}",
                       pool.options_.max_connections, pool.open_ - pool.idle_.size(),
                       pool.waiting_);
  };
  if (!free()) {
    if (pool.waiting_ >= pool.options_.max_waiting) {
      return fail(Errc::overloaded, fmt::format("too many callers wait ({})", state()),
                  pool.endpoint_, "shed load, or raise the pool's size");
    }
    ++pool.waiting_;
    const bool got = wait_until(pool.returned_, lock, deadline, free);
    --pool.waiting_;
    if (!got) {
      return fail(Errc::timeout, fmt::format("no connection became free in time ({})", state()),
                  pool.endpoint_, "raise the pool's size or the timeout");
    }
  }
  return {};
}

void PooledConnection::take_idle() {
  // Most recently used first: the others are left to grow old and be noticed as closed.
  while (true) {
    std::unique_ptr<Connection> candidate;
    {
      const std::lock_guard lock(pool_->mutex_);
      if (pool_->idle_.empty()) return;
      candidate = std::move(pool_->idle_.back());
      pool_->idle_.pop_back();
    }
    if (!candidate->stale()) {
      connection_ = std::move(candidate);
      reused_ = true;
      return;
    }
    candidate.reset();
    const std::lock_guard lock(pool_->mutex_);
    --pool_->open_;
    ++pool_->broken_;
  }
}

std::optional<PooledConnection> PooledConnection::take_idle(Pool& pool) {
  PooledConnection pooled;
  pooled.pool_ = &pool;
  pooled.take_idle();
  if (pooled.connection_) return pooled;
  pooled.pool_ = nullptr;  // It has no slot to give back.
  return std::nullopt;
}

// Room for all connections to be idle is made here, where it may fail.
bool PooledConnection::add_slot(bool fresh) {
  std::unique_ptr<Connection> evicted;  // Closed outside the lock.
  const std::lock_guard lock(pool_->mutex_);
  pool_->idle_.reserve(pool_->open_ + 1);
  if (pool_->open_ >= pool_->options_.max_connections) {
    if (pool_->idle_.empty() || !fresh) return false;
    evicted = std::move(pool_->idle_.front());
    pool_->idle_.erase(pool_->idle_.begin());
    --pool_->open_;
  }
  ++pool_->open_;
  return true;
}

Result<PooledConnection> PooledConnection::take(Pool& pool, Deadline deadline, bool fresh) {
  while (true) {
    if (Result<void> slot = wait_for_slot(pool, deadline); !slot) {
      return fail(std::move(slot).error());
    }
    if (!fresh) {
      if (std::optional<PooledConnection> idle = take_idle(pool)) return *std::move(idle);
    }
    PooledConnection pooled;
    pooled.pool_ = &pool;
    try {
      if (!pooled.add_slot(fresh)) pooled.pool_ = nullptr;
    } catch (const std::bad_alloc&) {
      pooled.pool_ = nullptr;
      return fail(out_of_memory());
    }
    if (pooled.pool_ == nullptr) continue;  // Another caller was faster.
    auto opened = pool.connector_->open(deadline);
    if (!opened) return fail(std::move(opened).error());  // It gives its slot back.
    pooled.connection_ = *std::move(opened);
    pooled.connection_->count_in(pool.counts_);
    const std::lock_guard lock(pool.mutex_);
    if (pool.broken_ > 0) {
      --pool.broken_;
      ++pool.reconnects_;
    }
    return pooled;
  }
}

PooledConnection::PooledConnection(PooledConnection&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)),
      connection_(std::move(other.connection_)),
      reused_(other.reused_) {}

PooledConnection& PooledConnection::operator=(PooledConnection&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(connection_, other.connection_);
  std::swap(reused_, other.reused_);
  return *this;
}

PooledConnection::~PooledConnection() {
  if (pool_ == nullptr) return;
  const bool keep = connection_ && connection_->usable();
  const bool broke = connection_ && !keep;
  if (!keep) connection_.reset();
  {
    const std::lock_guard lock(pool_->mutex_);
    if (keep) {
      pool_->idle_.push_back(std::move(connection_));
    } else {
      --pool_->open_;
      if (broke) {
        ++pool_->broken_;
        pool_->broke_at_ = Deadline::clock::now();
      }
    }
  }
  pool_->returned_.notify_one();
}

}  // namespace cachekit::net
