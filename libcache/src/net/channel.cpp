#include "net/channel.hpp"

#include "core/fork.hpp"
#include "core/out_of_memory.hpp"
#include "net/failure.hpp"
#include "net/mux/caller_request.hpp"
#include "net/pool/pool.hpp"
#include "net/resends.hpp"
#include "net/scoped_count.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace cachekit::net {
namespace {

// How often a request may find the connection gone before it was sent: each time costs a connect
// that succeeds, so a peer that closes at once would keep a caller without a deadline busy for
// ever.
constexpr int max_rounds = 3;
// Up to so many callers at once get connections of their own. More of them make better batches.
constexpr int few_callers = 4;
// How often callers must have been kept waiting before a connection is added.
constexpr int often = 64;

// What compares points in time cannot add `forever` to them.
ChannelOptions with_finite_silence(ChannelOptions options) noexcept {
  auto& silence = options.combiner.longest_silence;
  silence = std::min<std::chrono::milliseconds>(silence, std::chrono::hours(24));
  return options;
}

// Of the connections, two are for the lanes.
std::size_t pool_size(const ChannelOptions& options) noexcept {
  return options.max_connections > 3 ? options.max_connections - 2 : 1;
}

}  // namespace

Channel::LaneOfRequests::LaneOfRequests(const ChannelOptions& options, const std::string& endpoint,
                                        Lane lane, InFlightBounds& bounds, ProgramOrder& order,
                                        CallbackThread& callbacks,
                                        std::shared_ptr<Connector> connector, IoThread* shared)
    : combiner(options.combiner, endpoint, {bounds, order, lane}),
      io_thread({combiner, std::move(connector), bounds, order, callbacks, shared}) {}

Channel::Core::Core(const ChannelOptions& options, const std::string& endpoint,
                    std::shared_ptr<const Protocol> protocol)
    : connector(std::make_shared<Connector>(options.address, std::move(protocol),
                                            options.connection_timeout, options.where)),
      bounds(options.combiner.max_requests, options.combiner.max_bytes),
      shared(options, endpoint, Lane::shared, bounds, order, callbacks, connector, nullptr),
      large(options, endpoint, Lane::large, bounds, order, callbacks, connector, &shared.io_thread),
      pool(std::make_shared<Pool>(
          PoolOptions{.max_connections = pool_size(options), .max_waiting = options.max_waiting},
          connector, endpoint)),
      generation(core::fork_generation()) {
  for (LaneOfRequests* const lane : {&shared, &large}) {
    bounds.count(lane->combiner.connection().load());
    bounds.count(lane->io_thread.load());
  }
  callbacks.on_pause([this] {
    shared.io_thread.send();
    large.io_thread.send();
  });
}

Channel::Core::~Core() { end(); }

void Channel::Core::end() noexcept {
  ended = true;
  for (int completions = 0; completions < 2; ++completions) {
    large.io_thread.end();
    shared.io_thread.end();
    callbacks.end();
  }
}

void Channel::Core::close_after_fork() noexcept {
  for (LaneOfRequests* const lane : {&shared, &large}) {
    lane->combiner.connection().close_after_fork();
    lane->io_thread.close_after_fork();
  }
  pool->close_after_fork();
}

Channel::Channel(const ChannelOptions& options, std::shared_ptr<const Protocol> protocol)
    : options_(with_finite_silence(options)),
      protocol_(std::move(protocol)),
      endpoint_(options_.address.endpoint()),
      core_(new Core(options_, endpoint_, protocol_)) {}

Channel::~Channel() {
  Core* const core = core_.load();
  if (core->generation == core::fork_generation()) delete core;
}

void Channel::end() noexcept {
  Core* const core = core_.load();
  if (core->generation == core::fork_generation()) core->end();
}

// A child of the process that made them has none.
void Channel::retire() noexcept {
  Core* const core = core_.load();
  if (core->generation != core::fork_generation()) return;
  const std::uint64_t fresh = core->connector->retire();
  core->shared.combiner.connection().retire_before(fresh);
  core->large.combiner.connection().retire_before(fresh);
  core->pool->retire_before(fresh);
}

Channel::Core& Channel::core() {
  Core* const core = core_.load(std::memory_order_acquire);
  if (core->generation == core::fork_generation()) return *core;
  replace_inherited_core();
  return *core_.load(std::memory_order_acquire);
}

// What the parent had is left in memory as it is: threads that this process does not have may hold
// its locks. The descriptors that nobody held are closed, which the peer does not notice while the
// parent has them.
void Channel::replace_inherited_core() {
  const core::MutexLock lock(replacing_);
  Core* const inherited = core_.load();
  if (inherited->generation == core::fork_generation()) return;
  auto own = std::make_unique<Core>(options_, endpoint_, protocol_);
  inherited->close_after_fork();
  core_.store(own.release(), std::memory_order_release);
}

Result<void> Channel::open(Deadline deadline) {
  Core& core = this->core();
  if (Result<void> shared = core.connector->connect(core.combiner(), deadline); !shared) {
    return shared;
  }
  std::vector<PooledConnection> taken;
  const std::size_t wanted = std::min(options_.min_connections, 1 + pool_size(options_));
  for (std::size_t i = 1; i < wanted; ++i) {
    Result<PooledConnection> pooled = PooledConnection::take(*core.pool, deadline);
    if (!pooled) return fail(std::move(pooled).error());
    taken.push_back(*std::move(pooled));
  }
  return {};
}

void Channel::start(AsyncRequest& request, IoThread::Caller caller) noexcept {
  // With fewer connections, those that have one to themselves come first.
  const bool large = options_.max_connections > 2 && request.request().large();
  try {
    Core& core = this->core();
    auto [ticket, lane] = core.order.next(large);
    IoThread& io_thread = lane == Lane::large ? core.large.io_thread : core.shared.io_thread;
    io_thread.start(request, std::move(ticket), caller);
  } catch (const std::bad_alloc&) {  // Perhaps for a core of this process: any of them can refuse.
    refuse(request, out_of_memory());
  }
}

void Channel::refuse(AsyncRequest& request, Error error) noexcept {
  core_.load()->shared.io_thread.refuse(request, std::move(error));
}

void Channel::start_for_another(AsyncRequest& request) noexcept {
  const bool large = options_.max_connections > 2 && request.request().large();
  try {
    Core& core = this->core();
    IoThread& io_thread = large ? core.large.io_thread : core.shared.io_thread;
    io_thread.start(request, OrderTicket(), IoThread::Caller::leaves);
  } catch (const std::bad_alloc&) {
    refuse(request, out_of_memory());
  }
}

Result<void> Channel::execute(Request& request, Deadline deadline) {
  Core& core = this->core();
  if (core.ended) return fail(backend_destroyed(endpoint_));
  if (core.order.mine().any()) {  // It must not overtake what its thread has begun before.
    CallerRequest call(request, deadline);
    start(call, IoThread::Caller::waits);
    call.wait();
    return std::move(call.outcome());
  }
  return wants_own_connection(request) ? execute_dedicated(*core.pool, request, deadline)
                                       : execute_shared(core, request, deadline);
}

Result<void> Channel::execute_shared(Core& core, Request& request, Deadline deadline) {
  const ScopedCount presence(core.callers);
  Resends resends;
  if (presence.count() > 1 && presence.count() <= few_callers) {
    if (std::optional<PooledConnection> spare = spare_connection(core)) {
      Result<void> done = (*spare)->exchange(request, deadline);
      if (done) return done;
      const bool harmless = worth_another_try(*spare, request, done.error());
      if (!resends.allow(request, harmless)) return done;
    }
  }
  for (int round = 1; !core.ended; ++round) {
    BlockingWaiter blocking(request, deadline);
    if (core.combiner().run(blocking)) {
      const bool again =
          !blocking.outcome() && blocking.resendable() && resends.allow(request, true);
      if (!again) return std::move(blocking.outcome());
      continue;
    }
    if (Result<void> ready = core.connector->connect(core.combiner(), deadline); !ready) {
      return ready;
    }
    if (round > max_rounds) {
      return fail(Errc::unavailable, "the server closes every new connection", endpoint_,
                  "look at the server's log and its limit of clients");
    }
  }
  return fail(backend_destroyed(endpoint_));  // By a callback, or while this call is made in one.
}

std::optional<PooledConnection> Channel::spare_connection(Core& core) {
  if (options_.max_connections < 2 || !core.combiner().connection().busy()) return std::nullopt;
  if (std::optional<PooledConnection> idle = PooledConnection::take_idle(*core.pool)) return idle;
  const auto most = std::min<std::size_t>(options_.max_connections, few_callers) - 1;
  if (core.pool->stats().open >= most) return std::nullopt;
  // One that was given up on is not replaced at once: the peer may just be slower than its callers.
  const auto silence = options_.combiner.longest_silence;
  if (core.pool->broke_since(Deadline::clock::now() - silence)) return std::nullopt;
  if (core.kept_waiting.fetch_add(1, std::memory_order_relaxed) < often) return std::nullopt;
  core.kept_waiting.store(0, std::memory_order_relaxed);
  core.pool->add_idle();  // The shared connection will do meanwhile.
  return std::nullopt;
}

Result<std::unique_ptr<Connection>> Channel::dedicated(Deadline deadline) {
  return core().connector->open(deadline);
}

Result<std::unique_ptr<Connection>> Channel::await_dedicated(Deadline deadline) {
  return core().connector->await(deadline);
}

ConnectionStats Channel::stats() {
  Core& core = this->core();
  core.pool->close_stale();
  const PoolStats apart = core.pool->stats();
  // A request that has a connection to itself is a batch, and under way while it has it.
  ConnectionStats all{.endpoint = endpoint_,
                      .connections = apart.open,
                      .in_flight = apart.in_use,
                      .waiting = apart.waiting,
                      .requests = apart.requests,
                      .batches = apart.requests,
                      .reconnects = apart.reconnects,
                      .timeouts = apart.timeouts};
  for (const LaneOfRequests* const lane : {&core.shared, &core.large}) {
    const CombinerStats of_lane = lane->combiner.connection().stats();
    all.connections += lane->combiner.connection().connected() ? 1U : 0U;
    all.in_flight += of_lane.in_flight;
    all.waiting += lane->io_thread.load().count();
    all.requests += of_lane.requests;
    all.batches += of_lane.batches;
    all.reconnects += of_lane.reconnects;
    all.timeouts += of_lane.timeouts;
    all.abandoned_requests += of_lane.abandoned_requests;
  }
  return all;
}

}  // namespace cachekit::net
