#include "memcached/reply_values.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include <fmt/format.h>

namespace cachekit::memcached {

using Status = Reply::Status;

Result<bool> as_done(Reply&& reply, const std::string&) { return reply.status == Status::done; }

Result<std::optional<std::string>> as_value(Reply&& reply, const std::string&) {
  if (reply.status != Status::done) return std::nullopt;
  return std::move(reply.value);
}

Result<std::optional<Ttl>> as_ttl(Reply&& reply, const std::string&) {
  if (reply.status != Status::done) return std::nullopt;
  if (reply.seconds < 0) return Ttl::none();
  // The server counts whole seconds; in its last one an entry has less than one, not none. Its
  // clock may be behind, which must not make the longest TTL an invalid one.
  const std::chrono::seconds left(std::max<std::int64_t>(reply.seconds, 1));
  return Ttl(std::min<std::chrono::milliseconds>(left, Ttl::max));
}

Result<Reply> as_reply(Reply&& reply, const std::string& /*endpoint*/) { return std::move(reply); }

Result<std::int64_t> as_counter(Reply&& reply, const std::string& endpoint) {
  if (reply.number <= std::numeric_limits<std::int64_t>::max()) {
    return static_cast<std::int64_t>(reply.number);
  }
  return fail(Errc::rejected,
              fmt::format("the counter stands at {}, above what 64 signed bits hold", reply.number),
              endpoint, "set it to a lower value");
}

}  // namespace cachekit::memcached
