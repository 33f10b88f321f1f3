#include "memcached/counting.hpp"

#include "core/counter.hpp"
#include "memcached/dialect.hpp"
#include "memcached/expiry.hpp"
#include "memcached/reply_values.hpp"

#include <cachekit/clock.hpp>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include <fmt/format.h>

namespace cachekit::memcached {
namespace {

using Status = Reply::Status;

// Another client may create the counter first, or its entry may be gone again when it is counted.
constexpr int max_rounds = 8;

// As the server spells a counter: one that lost a digit keeps its length.
std::optional<std::int64_t> counter_in(std::string_view value) {
  return core::parse_counter(value.substr(0, value.find_last_not_of(' ') + 1));
}

// The TTL that an entry had, as a store wants it. In its last second an entry has less than one,
// and 0 would mean for ever.
std::int64_t expiry_of(const Reply& entry) {
  if (entry.seconds < 0) return 0;
  const std::chrono::seconds left(std::max<std::int64_t>(entry.seconds, 1));
  return expiry_number(Ttl(left), Clock::system().wall()).value_or(0);
}

// Whether a number beyond 64 signed bits may have come of counting `before` up and down, by this
// call and others like it. One that is farther off was stored by somebody.
bool was_counted(std::string_view value, std::string_view before, std::int64_t by) {
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  constexpr std::uint64_t callers = 4'096;  // Side by side, and more than there are.
  const std::uint64_t now = parse_decimal(value).value_or(0);
  const std::uint64_t then = parse_decimal(before).value_or(0);
  const std::uint64_t distance = now > then ? now - then : then - now;
  return now > most && distance / static_cast<std::uint64_t>(by) <= callers;
}

// Whether a server that has counted up beyond 64 signed bits can count down to exactly what there
// was: a number that has as many digits, and did not go round at the end of the server's own bits.
bool is_undone_by_counting(std::string_view value, std::int64_t by) {
  const std::optional<std::uint64_t> number = parse_decimal(value);
  if (!number || by <= 0 || (value.size() > 1 && value.front() == '0')) return false;
  const auto up = static_cast<std::uint64_t>(by);
  if (*number > std::numeric_limits<std::uint64_t>::max() - up) return false;
  return fmt::formatted_size("{}", *number + up) == value.size();
}

}  // namespace

// Why the entry that was there is not to be counted up; empty where it may be.
std::optional<Error> Counting::refusal() const {
  if (before_.status != Status::done) return std::nullopt;
  const std::optional<std::int64_t> number = counter_in(before_.value);
  if (!number) return core::not_a_counter(endpoint_);
  if (*number < 0) {
    return Error{Errc::rejected, "the value is below 0, where Memcached cannot count", endpoint_,
                 "set the key anew to start over"};
  }
  if (by_ > 0 && *number > std::numeric_limits<std::int64_t>::max() - by_) {
    return core::counter_overflow(fmt::format("{} + {}", *number, by_), endpoint_);
  }
  return std::nullopt;
}

std::optional<Command> Counting::tried(Result<Reply> before, const Result<Reply>& after) {
  if (before) before_ = *before;
  if (after) {
    if (std::optional<Error> why = refusal()) return take_back(*std::move(why), after->version);
    return settle(as_counter(Reply(*after), endpoint_));
  }
  if (after.error().code != Errc::unsupported) return settle(fail(Error(after.error())));
  if (!before) return settle(fail(std::move(before).error()));
  return after_look();
}

std::optional<Command> Counting::answered(const Result<Reply>& reply) {
  if (!reply && repairs()) {
    return settle(fail(Errc::outcome_unknown,
                       fmt::format("{}; whether the server has counted all the same is not known",
                                   outcome_.error().message),
                       endpoint_, "read the value back"));
  }
  if (!reply) return settle(fail(Error(reply.error())));
  switch (asked_) {
    case Asked::undo:
      break;  // Where it was refused, somebody has written the key since: that stays.
    case Asked::countdown:
      if (reply->status == Status::refused) return look_at_present();
      break;
    case Asked::present:
      return undo(*reply);
    case Asked::creation:
      if (reply->status != Status::done) return look_again();
      outcome_ = std::max<std::int64_t>(by_, 0);
      break;
    case Asked::look:
      before_ = *reply;
      return after_look();
    case Asked::increment:
      return counted(*reply);
  }
  return std::nullopt;
}

std::optional<Command> Counting::ask(Asked what, Command command) {
  asked_ = what;
  command.is_follow_up = repairs();
  return command;
}

std::optional<Command> Counting::settle(Result<std::int64_t> outcome) {
  outcome_ = std::move(outcome);
  return std::nullopt;
}

std::optional<Command> Counting::take_back(Error why, std::uint64_t version) {
  if (version == 0) {
    why.message += "; this server counts no versions (-C), and has counted all the same";
    return settle(fail(std::move(why)));
  }
  constexpr auto moment = std::chrono::milliseconds(100);
  outcome_ = fail(std::move(why));
  version_ = version;
  repaired_by_ = Deadline::after(moment);
  return is_undone_by_counting(before_.value, by_) ? count_down() : look_at_present();
}

std::optional<Command> Counting::count_down() {
  return ask(Asked::countdown,
             {.verb = Verb::increment, .key = key_, .delta = -by_, .version = version_});
}

std::optional<Command> Counting::look_at_present() {
  return ask(Asked::present, {.verb = Verb::inspect, .key = key_});
}

// A version does not tell of a new TTL, so that of now is taken. Under another version somebody has
// written the key since, and that stays, unless it came of counting what should not be counted.
std::optional<Command> Counting::undo(const Reply& present) {
  if (present.status != Status::done) return std::nullopt;
  if (is_undone_by_counting(before_.value, by_)) {
    version_ = present.version;
    return was_counted(present.value, before_.value, by_) ? count_down() : std::nullopt;
  }
  if (present.version != version_) return std::nullopt;
  return ask(Asked::undo, {.verb = Verb::store,
                           .key = key_,
                           .value = before_.value,
                           .expiry = expiry_of(present),
                           .version = version_,
                           .client_flags = before_.client_flags});
}

std::optional<Command> Counting::look_again() {
  if (++rounds_ < max_rounds) return ask(Asked::look, {.verb = Verb::inspect, .key = key_});
  return settle(fail(Errc::overloaded, "the counter kept coming and going while it was counted up",
                     endpoint_, "look for other writers of this key"));
}

std::optional<Command> Counting::after_look() {
  if (std::optional<Error> why = refusal()) return settle(fail(*std::move(why)));
  if (before_.status == Status::done) {
    return ask(Asked::increment, {.verb = Verb::increment, .key = key_, .delta = by_});
  }
  start_ = std::to_string(std::max<std::int64_t>(by_, 0));
  return ask(
      Asked::creation,
      {.verb = Verb::store, .key = key_, .value = start_, .condition = SetCondition::if_absent});
}

std::optional<Command> Counting::counted(const Reply& reply) {
  if (reply.status != Status::done) return look_again();
  return settle(as_counter(Reply(reply), endpoint_));
}

}  // namespace cachekit::memcached
