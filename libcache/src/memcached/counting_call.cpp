#include "memcached/counting_call.hpp"

#include "core/out_of_memory.hpp"
#include "memcached/owning_command.hpp"
#include "memcached/reply_values.hpp"
#include "net/failure.hpp"

#include <array>
#include <new>
#include <utility>
#include <vector>

namespace cachekit::memcached {
namespace {

struct Replies {
  Result<Reply> before{};
  Result<Reply> after{};
};

}  // namespace

// Both commands to begin with, and a key of their own.
class CountingCall::Attempt final : private net::OwnedBytes, public Batch {
 public:
  using net::OwnedBytes::release_bytes;

  // Lifetime: of the whole, longer.
  Attempt(CountingCall& whole, const std::array<Command, 2>& commands, const std::string& endpoint)
      : whole_(whole), endpoint_(endpoint) {
    OwnedBytes::bytes = commands.front().key;
    for (Command command : commands) {
      command.key = OwnedBytes::bytes;
      add(command);
    }
  }

  [[nodiscard]] bool stays_once_sent() const noexcept override { return true; }
  void withdrawn() noexcept {
    whole_.settle_early(fail(net::connection_error(
        Errc::cancelled, "the caller withdrew the request", endpoint_, true)));
  }

  [[nodiscard]] Result<Replies> take(const Result<void>& outcome) {
    if (!outcome) return fail(outcome.error());
    for (Result<Reply>& reply : replies()) locate(reply, endpoint_);
    return Replies{std::move(replies()[0]), std::move(replies()[1])};
  }

 private:
  CountingCall& whole_;
  const std::string& endpoint_;
};

CountingCall::CountingCall(Cluster& cluster, std::string_view key, std::int64_t by,
                           Deadline deadline, Report report)
    : DeferredState(std::move(report)),
      cluster_(cluster),
      key_(key),
      by_(by),
      deadline_(deadline),
      counting_(key_, by_, cluster.owner(key).endpoint()) {}

void CountingCall::start(std::stop_token stop) {
  if (Counting::is_small(by_)) return try_first(std::move(stop));
  begin(std::move(stop));
  try {
    go_on(counting_.first_look());
  } catch (const std::bad_alloc&) {
    settle(fail(out_of_memory()));
  }
}

void CountingCall::try_first(std::stop_token stop) {
  using State = net::AsyncState<Replies, Attempt>;
  const auto nobody = [](const Result<Replies>&) {};
  Node& node = cluster_.owner(key_);
  auto* const state = new State(deadline_, nobody, *this, attempt(key_, by_), node.endpoint());
  begin(std::move(stop));
  state->stop_with(stop_token());
  node.channel().start(*state);
  const bool heard = Pending<Replies>(state).try_step([this](Result<Replies> attempt) {
    if (!attempt) return settle(fail(std::move(attempt).error()));
    try {
      go_on(counting_.tried(std::move(attempt->before), attempt->after));
    } catch (const std::bad_alloc&) {
      settle(fail(out_of_memory(Errc::outcome_unknown)));
    }
  });
  if (!heard) settle(fail(out_of_memory(Errc::outcome_unknown)));
}

// What comes now may be the end of a change that must not be left half done: no stop.
void CountingCall::go_on(const std::optional<Command>& next) {
  if (!next) return settle(std::move(counting_.outcome()));
  const auto nobody = [](const Result<Reply>&) {};
  auto asked =
      memcached::start<Reply, as_reply>(cluster_, *next, counting_.due(deadline_), {}, nobody);
  const bool heard = asked.try_step([this](const Result<Reply>& reply) {
    try {
      go_on(counting_.answered(reply));
    } catch (const std::bad_alloc&) {
      settle(fail(out_of_memory(Errc::outcome_unknown)));
    }
  });
  if (!heard) settle(fail(out_of_memory(Errc::outcome_unknown)));
}

}  // namespace cachekit::memcached
