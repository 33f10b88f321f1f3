#include "redis/redis_driver.hpp"

#include "core/out_of_memory.hpp"
#include "net/failure.hpp"
#include "net/mux/async_state.hpp"
#include "redis/large_replies.hpp"
#include "redis/patience.hpp"

#include <cachekit/driver_tools.hpp>

#include <algorithm>
#include <new>
#include <type_traits>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

namespace cachekit::redis {
namespace {

constexpr std::size_t max_key_bytes = std::size_t{512} << 20U;  // A Redis string.

template <typename Operation>
inline constexpr bool is_get =
    std::is_same_v<Operation, operation::Get> || std::is_same_v<Operation, operation::LeaseGet>;

// The value that came, or null.
const std::string* value_in(const std::optional<std::string>& got) noexcept {
  return got ? &*got : nullptr;
}
const std::string* value_in(const Leased& got) noexcept { return value_in(got.value); }

// Whether the reply, it seems, is large.
template <typename Operation>
bool expects_large(const net::LargeKeys& large, const Operation& operation) noexcept {
  if constexpr (is_get<Operation>) return large.contains(operation.key);
  return false;
}

// Notes how large the value is that is stored.
template <typename Operation>
void note_stored(net::LargeKeys& large, const Operation& operation) noexcept {
  if constexpr (requires { operation.value; }) {
    large.note(operation.key, operation.value.size());
  }
}

// Notes how large the value was that was got.
template <typename Operation>
void note_fetched(net::LargeKeys& large, const Operation& operation,
                  const Result<typename Operation::Value>& value) noexcept {
  if constexpr (is_get<Operation>) {
    const std::string* const fetched = value ? value_in(*value) : nullptr;
    if (fetched != nullptr) large.note(operation.key, fetched->size());
  }
}

tl::unexpected<Error> no_leases(const std::string& endpoint) {
  return fail(Errc::unsupported, "leases are switched off", endpoint,
              "set redis.leases, in all that write the keys");
}

// An operation that owns all it refers to. Lifetime: of `large`, longer.
template <typename Operation>
class OwningRequest final : private net::OwnedBytes, public OperationRequest<Operation> {
 public:
  using net::OwnedBytes::release_bytes;
  using Value = typename Operation::Value;

  OwningRequest(const Operation& operation, Fence fence, std::string endpoint,
                net::LargeKeys& large)
      : OperationRequest<Operation>(own(operation), fence, expects_large(large, operation)),
        endpoint_(std::move(endpoint)),
        large_(large) {}

  [[nodiscard]] Result<Value> take(const Result<void>& outcome) {
    Result<Value> value = this->value(outcome, endpoint_);
    note_fetched(large_, this->operation(), value);
    return value;
  }

 private:
  std::string endpoint_;
  net::LargeKeys& large_;
};

}  // namespace

Capabilities RedisDriver::capabilities() const {
  return {.persistence = true,
          .scan = true,
          .remove_matching = true,
          .remaining_ttl = true,
          .binary_keys = true,
          .negative_counters = true,
          .compare_and_set = true,
          .leases = client_.config().leases,
          .rich_data = true,
          .publish_subscribe = true,
          .transactions = true,
          .clustering = false,
          .ttl_resolution = std::chrono::milliseconds(1),
          .max_key_bytes = max_key_bytes,
          .max_value_bytes = client_.config().max_value.count};
}

std::string RedisDriver::target() const {
  const RedisConfig& config = client_.config();
  return config.unix_socket.empty()
             ? fmt::format("redis://{}/{}", client_.endpoint(), config.database)
             : fmt::format("redis+unix://{}?db={}", config.unix_socket, config.database);
}

Result<void> RedisDriver::check_key(std::string_view key) const {
  if (key.empty()) return fail(Errc::invalid_argument, "a key must not be empty");
  if (key.size() > max_key_bytes) {
    return fail(Errc::invalid_argument, "a key of Redis holds at most 512 MiB");
  }
  return {};
}

Result<void> RedisDriver::check_value(std::string_view value) const {
  const Bytes limit = client_.config().max_value;
  if (value.size() <= limit.count) return {};
  return fail(Errc::too_large,
              fmt::format("a value of {} is over the limit of {}", format_bytes({value.size()}),
                          format_bytes(limit)),
              client_.endpoint(),
              "store less, or raise redis.max_value and the server's own limit");
}

template <typename Operation>
Result<typename Operation::Value> RedisDriver::run_one(const Operation& operation,
                                                       Deadline deadline) {
  note_stored(large_keys_, operation);
  const bool large = expects_large(large_keys_, operation);
  Patience patience(deadline);
  auto value = client_.run(operation, deadline, large);
  while (!value && patience.again_after(value.error())) {
    value = client_.run(operation, deadline, large);
  }
  note_fetched(large_keys_, operation, value);
  return value;
}

// Single GETs instead of MGET: MGET answers nil for a key of another type, and an error must not
// look like a miss.
template <typename Operation>
void RedisDriver::run_piece(const BatchOf<Operation>& batch, Deadline deadline) {
  using Said = Command<Operation>;
  Pipeline request(replay_of<Operation>);
  const Fence fence = client_.fence();
  std::size_t bytes = 0;
  for (const Operation& operation : batch.operations) bytes += wire_bytes_of(operation, fence);
  request.reserve(batch.operations.size() * Said::replies, bytes);
  for (const Operation& operation : batch.operations) {
    note_stored(large_keys_, operation);
    add_operation(request, operation, fence);
    if (expects_large(large_keys_, operation)) request.expect_large();
  }
  const Result<void> done = client_.run_all(request, deadline);
  std::vector<RedisReply>& replies = request.replies();
  for (std::size_t i = 0; i < batch.operations.size(); ++i) {
    auto& outcome = batch.outcomes[i];
    if (!done && replies.size() < (i + 1) * Said::replies) {
      outcome = fail(Error(done.error()));
      continue;
    }
    const std::span mine = std::span(replies).subspan(i * Said::replies, Said::replies);
    outcome = value_of(batch.operations[i], fence, mine, client_.endpoint());
    note_fetched(large_keys_, batch.operations[i], outcome);
  }
}

// What of a batch was refused for a moment. A write behind which another one of its key was done
// stays refused: it would undo that.
template <typename Operation>
std::vector<std::size_t> refused_for_now(const BatchOf<Operation>& batch) {
  std::vector<std::size_t> positions;
  std::unordered_set<std::string_view> done;
  for (std::size_t i = batch.operations.size(); i-- > 0;) {
    const auto& outcome = batch.outcomes[i];
    if constexpr (requires { batch.operations[i].key; }) {
      const bool is_read = replay_of<Operation> == Replay::yes;
      const std::string_view key = batch.operations[i].key;
      if (outcome || !passes_soon(outcome.error())) {
        if (!is_read) done.insert(key);
      } else if (!done.contains(key)) {
        positions.push_back(i);
      }
    } else if (!outcome && passes_soon(outcome.error())) {
      positions.push_back(i);
    }
  }
  std::ranges::reverse(positions);
  return positions;
}

template <typename Operation>
void RedisDriver::ask_again(const BatchOf<Operation>& batch, Deadline deadline) try {
  const auto is_refused = [](const auto& one) { return !one && passes_soon(one.error()); };
  if (std::ranges::none_of(batch.outcomes, is_refused)) return;
  Patience patience(deadline);
  for (auto left = refused_for_now(batch); !left.empty(); left = refused_for_now(batch)) {
    if (!patience.again_after(batch.outcomes[left.front()].error())) return;
    std::vector<Operation> operations;
    std::vector<Result<typename Operation::Value>> outcomes(left.size());
    for (const std::size_t position : left) operations.push_back(batch.operations[position]);
    const BatchOf<Operation> again{operations, outcomes};
    try {
      run_piece(again, deadline);
    } catch (const std::bad_alloc&) {
      fail_each(again, out_of_memory(in_doubt<Operation>));
    }
    for (std::size_t i = 0; i < left.size(); ++i) {
      batch.outcomes[left[i]] = std::move(outcomes[i]);
    }
  }
} catch (const std::bad_alloc&) {  // They stay refused.
}

// A large batch goes in pieces: what waits stays small, and what was not begun in time is known to
// be undone.
template <typename Operation>
void RedisDriver::run_many(const BatchOf<Operation>& batch, Deadline deadline) {
  const std::size_t count = batch.operations.size();
  for (std::size_t first = 0; first < count;) {
    std::size_t end = first;
    for (std::size_t bytes = 0; end < count && bytes < net::piece_bytes; ++end) {
      bytes += wire_bytes_of(batch.operations[end], client_.fence());
    }
    const BatchOf<Operation> piece{batch.operations.subspan(first, end - first),
                                   batch.outcomes.subspan(first, end - first)};
    if (first > 0 && deadline.expired()) {
      fail_each(piece, net::too_late_to_begin(client_.endpoint()));
    } else {
      try {
        run_piece(piece, deadline);
      } catch (const std::bad_alloc&) {  // The pieces before it have their outcomes.
        fail_each(piece, out_of_memory(in_doubt<Operation>));
      }
      ask_again(piece, deadline);
    }
    first = end;
  }
  if constexpr (Discardable<Operation>) remove_outgrown(*this, batch, deadline);
}

void RedisDriver::run(const AnyBatch& any, Deadline deadline) {
  const auto run = [&]<typename Operation>(const BatchOf<Operation>& batch) {
    if (operation::OfLeases<Operation> && client_.fence() == Fence::no) {
      return fail_each(batch, no_leases(client_.endpoint()).value());
    }
    if (batch.operations.size() > 1) return run_many(batch, deadline);
    batch.outcomes[0] = run_one(batch.operations[0], deadline);
  };
  std::visit(run, any);
}

void RedisDriver::start(AnyAsyncCall& any) {
  const auto start_one = [this]<typename Operation>(AsyncCall<Operation>& call) {
    if (!client_.check_config()) return call.done(fail(client_.check_config().error()));
    if (operation::OfLeases<Operation> && client_.fence() == Fence::no) {
      return call.done(no_leases(client_.endpoint()));
    }
    using State = net::AsyncState<typename Operation::Value, OwningRequest<Operation>>;
    note_stored(large_keys_, call.operation);
    auto* const state = new State(call.deadline, std::move(call.report), call.operation,
                                  client_.fence(), client_.endpoint(), large_keys_);
    state->stop_with(std::move(call.stop));
    client_.channel().start(*state);
    call.pending = Pending<typename Operation::Value>(state);
  };
  std::visit(start_one, any);
}

Result<void> RedisDriver::clear(Deadline deadline) {
  return client_.run({"FLUSHDB", "ASYNC"}, Replay::no, only_ok, deadline)
      .map([](const RedisReply&) {});
}

Result<RedisReply> RedisDriver::run_shared(std::span<const std::string_view> arguments,
                                           Replay replay, const std::string& label,
                                           Deadline deadline) {
  auto reply =
      client_.run(arguments, replay, ReplyShape::any(), deadline, large_keys_.contains(label));
  // What was thrown away for its size was large, too.
  const bool too_large = !reply && reply.error().code == Errc::too_large;
  if (reply || too_large) {
    large_keys_.note(label, too_large ? net::large_bytes : size_of(*reply));
  }
  return reply;
}

}  // namespace cachekit::redis
