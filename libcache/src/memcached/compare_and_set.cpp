#include "memcached/compare_and_set.hpp"

#include "core/outgrown.hpp"
#include "memcached/expiry.hpp"

#include <cachekit/runtime.hpp>

#include <utility>

namespace cachekit::memcached {
namespace {

// Each of them lost to somebody who stored the very value that was there.
constexpr int max_looks = 8;

}  // namespace

std::optional<Command> CompareAndSetSteps::begin(Runtime::wall_time now) {
  Result<std::int64_t> expiry = expiry_number(operation_.ttl, now);
  if (!expiry) return settle(fail(std::move(expiry).error()));
  expiry_ = *expiry;
  return look();
}

std::optional<Command> CompareAndSetSteps::answered(Result<Reply> reply) {
  if (!reply) return failed(std::move(reply).error());
  switch (asked_) {
    case Asked::look:
      return compare(*reply);
    case Asked::change:
      return changed(*reply);
    case Asked::removal:
      break;  // Where it was refused, somebody has written the key since: that stays.
  }
  return std::nullopt;
}

std::optional<Command> CompareAndSetSteps::look() {
  asked_ = Asked::look;
  return Command{.verb = Verb::gets, .key = operation_.key};
}

std::optional<Command> CompareAndSetSteps::compare(const Reply& entry) {
  if (entry.status != Reply::Status::done || entry.value != operation_.expected) {
    return settle(false);
  }
  if (entry.version == 0) {
    return settle(fail(Errc::unsupported, "this server counts no versions, so it cannot compare",
                       endpoint_, "start it without -C"));
  }
  version_ = entry.version;
  return operation_.discard ? remove(Asked::change) : change();
}

std::optional<Command> CompareAndSetSteps::change() {
  asked_ = Asked::change;
  return Command{.verb = Verb::store,
                 .key = operation_.key,
                 .value = operation_.value,
                 .expiry = expiry_,
                 .version = version_};
}

std::optional<Command> CompareAndSetSteps::changed(const Reply& reply) {
  if (reply.status == Reply::Status::done) return settle(true);
  if (++rounds_ < max_looks) return look();
  return settle(fail(Errc::overloaded, "the entry was stored anew each time it had been compared",
                     endpoint_, "look for other writers of this key"));
}

std::optional<Command> CompareAndSetSteps::remove(Asked why) {
  asked_ = why;
  return Command{.verb = Verb::remove, .key = operation_.key, .version = version_};
}

std::optional<Command> CompareAndSetSteps::failed(Error error) {
  if (asked_ == Asked::removal) {
    outcome_.error().message += older_value_stays(error);
    return std::nullopt;
  }
  const bool outgrown =
      asked_ == Asked::change && error.code == Errc::too_large && !operation_.discard;
  outcome_ = fail(std::move(error));
  return outgrown ? remove(Asked::removal) : std::nullopt;
}

std::optional<Command> CompareAndSetSteps::settle(Result<bool> outcome) {
  outcome_ = std::move(outcome);
  return std::nullopt;
}

}  // namespace cachekit::memcached
