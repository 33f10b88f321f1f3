#include "memcached/counting_call.hpp"

#include "core/out_of_memory.hpp"
#include "memcached/owning_command.hpp"
#include "memcached/reply_values.hpp"
#include "net/failure.hpp"

#include <array>
#include <new>
#include <utility>

namespace cachekit::memcached {
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

CountingCall::CountingCall(Cluster& cluster, RefusedCounts& refused, std::string_view key,
                           std::int64_t by, Deadline deadline, Report report)
    : DeferredState(std::move(report)),
      cluster_(cluster),
      refused_(refused),
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
      take_tried(*std::move(attempt));
    } catch (const std::bad_alloc&) {
      end_without_memory();
    }
  });
  if (!heard) settle(fail(out_of_memory(Errc::outcome_unknown)));
}

void CountingCall::take_tried(Replies&& replies) {
  if (judged_by_another(replies)) return;  // It may be gone.
  const std::optional<Command> next = counting_.tried(std::move(replies.before), replies.after);
  if (next && next->is_follow_up) let_join();
  go_on(next);
}

// Without memory for it, those that count on top of it stand for themselves.
void CountingCall::let_join() noexcept {
  try {
    refused_.add(key_, *this);
    can_be_joined_ = true;
  } catch (const std::bad_alloc&) {
  }
}

bool CountingCall::judged_by_another(const Replies& replies) {
  std::optional<Result<std::int64_t>> outcome;
  const bool is_companion = refused_.joined(key_, [&](CountingCall& first) {
    first.companions_.reserve(first.companions_.size() + 1);
    outcome = first.counting_.also_tried(by_, replies.before, replies.after);
    if (!outcome || *outcome) return false;
    first.companions_.push_back({this, std::move(*outcome).error()});
    return true;
  });
  if (is_companion) return true;
  if (!outcome) return false;
  end(*std::move(outcome));
  return true;
}

// What comes now may be the end of a change that must not be left half done: no stop.
void CountingCall::go_on(const std::optional<Command>& next) {
  if (!next) return end(std::move(counting_.outcome()));
  const auto nobody = [](const Result<Reply>&) {};
  auto asked =
      memcached::start<Reply, as_reply>(cluster_, *next, counting_.due(deadline_), {}, nobody);
  const bool heard = asked.try_step([this](const Result<Reply>& reply) {
    try {
      take_answer(reply);
    } catch (const std::bad_alloc&) {
      end_without_memory();
    }
  });
  if (!heard) end_without_memory();
}

void CountingCall::take_answer(const Result<Reply>& reply) {
  std::optional<Command> next;
  if (!can_be_joined_) {
    next = counting_.answered(reply);
  } else {
    refused_.go_on(key_, *this, [&] {
      next = counting_.answered(reply);
      can_be_joined_ = next.has_value();
      return !can_be_joined_;
    });
  }
  go_on(next);
}

void CountingCall::end_without_memory() noexcept {
  if (can_be_joined_) refused_.go_on(key_, *this, [] { return true; });
  end(fail(out_of_memory(Errc::outcome_unknown)));
}

void CountingCall::end(Result<std::int64_t> outcome) noexcept {
  const bool known = outcome || outcome.error().code != Errc::outcome_unknown;
  for (Companion& other : companions_) {
    if (!known) other.why.code = Errc::outcome_unknown;
    other.call->settle(fail(std::move(other.why)));
  }
  settle(std::move(outcome));
}

}  // namespace cachekit::memcached
