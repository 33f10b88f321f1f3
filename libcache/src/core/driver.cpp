// What a driver does that says nothing else.

#include "core/guarded.hpp"

#include <cachekit/driver.hpp>

#include <algorithm>
#include <type_traits>

#include <fmt/format.h>

namespace cachekit {
namespace {

bool is_plain(char c) noexcept { return c > ' ' && c != '\x7f'; }

}  // namespace

// All that may be thrown is caught here, for what was run may have been done.
template <typename Operation>
Result<typename Operation::Value> Driver::run_at_once(const AsyncCall<Operation>& call) noexcept {
  return guarded(in_doubt<Operation>, [&] {
    Result<typename Operation::Value> outcome;
    run(BatchOf<Operation>{{&call.operation, 1}, {&outcome, 1}}, call.deadline);
    return outcome;
  });
}

void Driver::start(AnyAsyncCall& any) {
  const auto start_one = [this](auto& call) {
    if (call.stop.stop_requested()) {
      call.done(fail(Errc::cancelled, "the caller withdrew the request"));
    } else {
      call.done(run_at_once(call));
    }
  };
  std::visit(start_one, any);
}

std::chrono::milliseconds Driver::default_timeout() const noexcept {
  return std::chrono::milliseconds(500);
}

Result<void> Driver::check_key(std::string_view key) const {
  if (key.empty()) return fail(Errc::invalid_argument, "a key must not be empty");
  const Capabilities able = capabilities();
  if (able.max_key_bytes > 0 && key.size() > able.max_key_bytes) {
    return fail(
        Errc::invalid_argument,
        fmt::format("a key of {} bytes is too long; at most {}", key.size(), able.max_key_bytes),
        target(), "store under a hash of the key");
  }
  if (!able.binary_keys && !std::ranges::all_of(key, is_plain)) {
    return fail(Errc::invalid_argument, "a key must not hold spaces or control bytes", target());
  }
  return {};
}

Result<void> Driver::check_value(std::string_view value) const {
  const std::size_t most = capabilities().max_value_bytes;
  if (most == 0 || value.size() <= most) return {};
  return fail(Errc::too_large,
              fmt::format("a value of {} bytes is too large; at most {}", value.size(), most),
              target(), "store less");
}

Result<void> Driver::clear(Deadline) {
  return fail(Errc::unsupported, fmt::format("{} cannot remove everything at once", name()),
              target());
}

PingReport Driver::ping(Deadline) {
  PingReport report;
  NodePing& node = report.nodes.emplace_back();
  node.endpoint = target();
  const auto start = Deadline::clock::now();
  if (Result<void> reached = connect(); !reached) node.error = std::move(reached).error();
  node.round_trip =
      std::chrono::duration_cast<std::chrono::microseconds>(Deadline::clock::now() - start);
  return report;
}

StatsReport Driver::stats(Deadline) {
  StatsReport report;
  report.nodes.emplace_back().endpoint = target();
  return report;
}

}  // namespace cachekit
