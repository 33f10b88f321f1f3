#include "memcached/counting.hpp"

#include "core/counter.hpp"
#include "memcached/dialect.hpp"
#include "memcached/expiry.hpp"
#include "memcached/reply_values.hpp"

#include <cachekit/runtime.hpp>

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

// For all steps that take a change back.
constexpr auto moment = std::chrono::milliseconds(100);

constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();

// As the server spells a counter: one that lost a digit keeps its length.
std::string_view without_spaces(std::string_view value) {
  return value.substr(0, value.find_last_not_of(' ') + 1);
}

std::optional<std::int64_t> counter_in(std::string_view value) {
  return core::parse_counter(without_spaces(value));
}

// The same with the server's own bound: what counting up and down again leaves as it was.
std::optional<std::uint64_t> server_number(std::string_view value) {
  const std::string_view digits = without_spaces(value);
  if (digits.starts_with('0') && digits != "0") return std::nullopt;
  return parse_decimal(digits);
}

std::size_t width_of(std::uint64_t number) { return fmt::formatted_size("{}", number); }

// What the server makes of a number: it goes round at its end, and stops at 0.
std::uint64_t sum_on_server(std::uint64_t number, std::int64_t by) {
  if (by >= 0) return number + static_cast<std::uint64_t>(by);
  return number - std::min(number, magnitude(by));
}

// The TTL that an entry had, as a store wants it. In its last second an entry has less than one,
// and 0 would mean for ever.
std::int64_t expiry_of(const Reply& entry) {
  if (entry.seconds < 0) return 0;
  const std::chrono::seconds left(std::max<std::int64_t>(entry.seconds, 1));
  return expiry_number(Ttl(left), Runtime::current().wall()).value_or(0);
}

// Whether the server can count a number back without meeting either end of its range.
bool can_count_back(std::uint64_t number, std::int64_t excess) {
  if (excess == 0 || excess == std::numeric_limits<std::int64_t>::min()) return false;
  if (excess > 0) return number >= magnitude(excess);
  return number <= std::numeric_limits<std::uint64_t>::max() - magnitude(excess);
}

// Whether `now` may have come of counting up and down what was `then`, by this call and others
// whose counting is refused, too. A number that is farther off was stored by somebody, and one
// that can be a counter is rather somebody's. So is, it seems, a counter that is again as it was:
// others would have had to count the opposite. Where the line is between near and far, and what it
// costs to be wrong, is weighed in docs/decisions/0011.
bool is_trace(std::uint64_t now, std::uint64_t then, std::int64_t excess) {
  constexpr std::uint64_t callers = 4'096;                // Side by side, and more than there are.
  constexpr std::uint64_t far = std::uint64_t{1} << 62U;  // Steps of all callers do not overflow.
  if (!can_count_back(now, excess) || (now == then && then <= most)) return false;
  const std::uint64_t near = std::uint64_t{1} << (now > most ? 50U : 32U);
  const std::uint64_t by_callers = std::min(magnitude(excess), far / callers) * callers;
  const std::uint64_t back = now - static_cast<std::uint64_t>(excess);
  const std::uint64_t distance = back > then ? back - then : then - back;
  return distance <= (now > most ? std::max(near, by_callers) : near);
}

}  // namespace

// Somebody may have come in between the look at the counter and the counting: then the sum tells
// what was there. Of a text it tells nothing, nor where it is 0.
void Counting::correct_before(std::uint64_t sum) {
  const bool there = before_.status == Status::done;
  const std::optional<std::uint64_t> number = there ? server_number(before_.value) : 0;
  if (!number || (sum == 0 && by_ < 0) || sum == sum_on_server(*number, by_)) return;
  before_.status = Status::done;
  before_.value = std::to_string(sum - static_cast<std::uint64_t>(by_));
}

// Why the entry that was there is not to be counted up; empty where it may be.
std::optional<Error> Counting::refusal(std::int64_t by) const {
  if (before_.status != Status::done) return std::nullopt;
  const std::optional<std::int64_t> number = counter_in(before_.value);
  if (!number) return core::not_a_counter(endpoint_);
  if (*number < 0) {
    return Error{Errc::rejected, "the value is below 0, where Memcached cannot count", endpoint_,
                 "set the key anew to start over"};
  }
  if (by > 0 && *number > std::numeric_limits<std::int64_t>::max() - by) {
    return core::counter_overflow(fmt::format("{} + {}", *number, by), endpoint_);
  }
  return std::nullopt;
}

std::optional<Command> Counting::tried(Result<Reply> before, const Result<Reply>& after) {
  if (before) before_ = *before;
  if (after) {
    correct_before(after->number);
    if (std::optional<Error> why = refusal(by_)) return take_back(*std::move(why), *after);
    return settle(as_counter(Reply(*after), endpoint_));
  }
  if (after.error().code != Errc::unsupported) return settle(fail(Error(after.error())));
  if (!before) return settle(fail(std::move(before).error()));
  return after_look();
}

std::optional<Command> Counting::answered(const Result<Reply>& reply) {
  if (!reply && respells()) return std::nullopt;  // The number itself is right.
  if (!reply && repairs()) {
    return settle(fail(Errc::outcome_unknown,
                       fmt::format("{}; whether the server has counted all the same is not known",
                                   outcome_.error().message),
                       endpoint_, "read the value back"));
  }
  if (!reply) return settle(fail(Error(reply.error())));
  switch (asked_) {
    case Asked::return_count:
      return reply->status == Status::refused ? look_at_present() : counted_back(*reply);
    case Asked::present:
      return judge(*reply);
    case Asked::undo:
      if (reply->status == Status::refused) return look_at_present();
      break;
    case Asked::spelling:
      return respell(*reply);
    case Asked::respelling:
      if (reply->status != Status::refused || ++rounds_ == max_rounds) break;
      return ask(Asked::spelling, {.verb = Verb::inspect, .key = key_});
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

std::optional<Command> Counting::take_back(Error why, const Reply& after) {
  if (after.version == 0) {
    why.message += "; this server counts no versions (-C), and has counted all the same";
    return settle(fail(std::move(why)));
  }
  outcome_ = fail(std::move(why));
  counted_ = after.number;
  version_ = after.version;
  repaired_by_ = Deadline::after(moment);
  grace_until_ = Deadline::after(grace_);
  return begin_to_take_back();
}

std::optional<Result<std::int64_t>> Counting::also_tried(std::int64_t by,
                                                         const Result<Reply>& before,
                                                         const Result<Reply>& after) {
  if (!before || !after || before->version != version_) return std::nullopt;
  if (after->number != sum_on_server(counted_, by)) return std::nullopt;
  counted_ = after->number;
  version_ = after->version;
  if (std::optional<Error> why = refusal(by)) return fail(*std::move(why));
  const std::int64_t sum = std::max<std::int64_t>(counter_in(before_.value).value_or(0) + by, 0);
  before_.value = std::to_string(sum);
  return sum;
}

// What was counted too much, round the server's end where it went there. Empty for a text.
std::optional<std::int64_t> Counting::excess() const {
  const std::optional<std::uint64_t> number = server_number(before_.value);
  if (!number) return std::nullopt;
  return static_cast<std::int64_t>(counted_ - *number);
}

// A number that got more digits would not lose their place: that is looked at.
std::optional<Command> Counting::begin_to_take_back() {
  const std::int64_t back = excess().value_or(0);
  const std::size_t width = before_.value.size();
  if (!can_count_back(counted_, back) || width_of(counted_) > width) return look_at_present();
  return count_back(back, width);
}

std::optional<Command> Counting::count_back(std::int64_t excess, std::size_t width) {
  width_ = width;
  return ask(Asked::return_count,
             {.verb = Verb::increment, .key = key_, .delta = -excess, .version = version_});
}

std::optional<Command> Counting::look_at_present() {
  return ask(Asked::present, {.verb = Verb::inspect, .key = key_});
}

// Under another version somebody has written the key since, and that stays, unless it came of
// counting that is refused. Who has counted last finds what he left and takes it back, then who
// came before him does: what cannot be told from a value of somebody's is given time for that.
std::optional<Command> Counting::judge(const Reply& present) {
  if (present.status != Status::done) return std::nullopt;
  const std::optional<std::uint64_t> now = server_number(present.value);
  if (present.version == version_ || now == counted_) return restore(present);
  const std::optional<std::uint64_t> then = server_number(before_.value);
  if (!now || (then && counted_ == *then)) return std::nullopt;
  if (then && is_trace(*now, *then, *excess())) {
    version_ = present.version;
    return count_back(*excess(), present.value.size());
  }
  if (grace_until_.expired()) return std::nullopt;
  return look_at_present();
}

// A version does not tell of a new TTL, so that of now is taken.
std::optional<Command> Counting::restore(const Reply& present) {
  version_ = present.version;
  if (present.value == before_.value) return std::nullopt;
  const std::int64_t back = excess().value_or(0);
  const std::size_t width = present.value.size();
  if (can_count_back(counted_, back) && width <= before_.value.size()) {
    return count_back(back, width);
  }
  return ask(Asked::undo, {.verb = Verb::store,
                           .key = key_,
                           .value = before_.value,
                           .expiry = expiry_of(present),
                           .version = version_,
                           .client_flags = before_.client_flags});
}

// The server leaves spaces in the place of digits. A counter may have had them before; a number
// beyond 64 signed bits has them from others whose counting is refused.
std::optional<Command> Counting::counted_back(const Reply& reply) {
  const bool lost_digits = reply.status == Status::done && width_of(reply.number) < width_;
  const bool had_spaces = before_.value.ends_with(' ') && counter_in(before_.value);
  if (!lost_digits || had_spaces || excess().value_or(0) < 0) return std::nullopt;
  return ask(Asked::spelling, {.verb = Verb::inspect, .key = key_});
}

std::optional<Command> Counting::respell(const Reply& present) {
  if (present.status != Status::done || !server_number(present.value)) return std::nullopt;
  if (!present.value.ends_with(' ')) return std::nullopt;
  text_ = without_spaces(present.value);
  return ask(Asked::respelling, {.verb = Verb::store,
                                 .key = key_,
                                 .value = text_,
                                 .expiry = expiry_of(present),
                                 .version = present.version,
                                 .client_flags = present.client_flags});
}

std::optional<Command> Counting::look_again() {
  if (++rounds_ < max_rounds) return ask(Asked::look, {.verb = Verb::inspect, .key = key_});
  return settle(fail(Errc::overloaded, "the counter kept coming and going while it was counted up",
                     endpoint_, "look for other writers of this key"));
}

std::optional<Command> Counting::after_look() {
  if (std::optional<Error> why = refusal(by_)) return settle(fail(*std::move(why)));
  if (before_.status == Status::done) {
    return ask(Asked::increment, {.verb = Verb::increment, .key = key_, .delta = by_});
  }
  text_ = std::to_string(std::max<std::int64_t>(by_, 0));
  return ask(
      Asked::creation,
      {.verb = Verb::store, .key = key_, .value = text_, .condition = SetCondition::if_absent});
}

std::optional<Command> Counting::counted(const Reply& reply) {
  if (reply.status != Status::done) return look_again();
  return settle(as_counter(Reply(reply), endpoint_));
}

}  // namespace cachekit::memcached
