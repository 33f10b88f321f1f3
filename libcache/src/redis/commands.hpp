#pragma once

#include "core/outgrown.hpp"
#include "redis/error_map.hpp"
#include "redis/session.hpp"

#include <cachekit/operation.hpp>
#include <cachekit/redis_reply.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// The operations of operation.hpp as commands, each once: how it is said, and what its reply
/// means. Blocking calls, batches and asynchronous calls are made of these.
///
/// A `Command` says by `replies` how many replies it gets, and by `telling` which of two tells what
/// came of it, and by `shape`, or `shape_of` an operation, what they can look like; `value_of` is
/// given no others. Where leases are given, what is to void the lease of its key is said
/// by `encode_fenced`, and can have replies of `fenced_shape`.

namespace cachekit::redis {

class Digits;

/// Whether what changes a key voids its lease.
enum class Fence : bool { no, yes };

template <typename Operation>
struct Command;

template <>
struct Command<operation::Get> {
  static constexpr std::size_t replies = 1;
  static constexpr ReplyShape shape{RedisReply::Type::string, RedisReply::Type::nil};
  static void encode(const operation::Get& get, std::string& out);
  [[nodiscard]] static Result<std::optional<std::string>> value_of(RedisReply&& reply,
                                                                   const std::string& endpoint);
};

template <>
struct Command<operation::Set> {
  static constexpr std::size_t replies = 1;
  [[nodiscard]] static constexpr ReplyShape shape_of(const operation::Set& set) noexcept {
    if (set.discard) return only_flag;
    if (set.condition == SetCondition::always) return only_ok;
    return {{RedisReply::Type::status, RedisReply::Type::nil}, ReplyShape::Content::ok};
  }
  static void encode(const operation::Set& set, std::string& out);
  static void encode_fenced(const operation::Set& set, std::string& out);
  [[nodiscard]] static Result<bool> value_of(RedisReply&& reply, const std::string& endpoint);
};

/// The words behind a value that SET has, at `count`; gives how many words there are then.
[[nodiscard]] std::size_t add_set_options(const operation::Set& set, const Digits& milliseconds,
                                          std::span<std::string_view> words,
                                          std::size_t count) noexcept;

/// What the commands have in common that answer how many keys they found.
struct Counted {
  static constexpr std::size_t replies = 1;
  static constexpr ReplyShape shape = only_flag;
  [[nodiscard]] static Result<bool> value_of(RedisReply&& reply, const std::string& endpoint);
};

template <>
struct Command<operation::Remove> : Counted {
  static void encode(const operation::Remove& remove, std::string& out);
  static void encode_fenced(const operation::Remove& remove, std::string& out);
};

template <>
struct Command<operation::Exists> : Counted {
  static void encode(const operation::Exists& exists, std::string& out);
};

/// PEXPIRE; for no expiry PERSIST, which answers 0 for a key without a TTL as for a missing one, so
/// that EXISTS has to tell. Either way two commands.
template <>
struct Command<operation::Touch> : Counted {
  static constexpr std::size_t replies = 2;
  static void encode(const operation::Touch& touch, std::string& out);
  /// Which one of both replies tells what came of it: 0 or 1.
  [[nodiscard]] static std::size_t telling(const operation::Touch& touch, const RedisReply& first,
                                           const RedisReply& second) noexcept;
};

/// Others can give an entry a longer life than a `Ttl` may have: that is told as the longest.
template <>
struct Command<operation::RemainingTtl> {
  static constexpr std::size_t replies = 1;
  static constexpr ReplyShape shape{{RedisReply::Type::integer},
                                    ReplyShape::Content::remaining_ttl};
  static void encode(const operation::RemainingTtl& ttl, std::string& out);
  [[nodiscard]] static Result<std::optional<Ttl>> value_of(RedisReply&& reply,
                                                           const std::string& endpoint);
};

template <>
struct Command<operation::Increment> {
  static constexpr std::size_t replies = 1;
  static constexpr ReplyShape shape = {RedisReply::Type::integer};
  static constexpr ReplyShape fenced_shape{{RedisReply::Type::string}, ReplyShape::Content::number};
  static void encode(const operation::Increment& increment, std::string& out);
  static void encode_fenced(const operation::Increment& increment, std::string& out);
  [[nodiscard]] static Result<std::int64_t> value_of(RedisReply&& reply,
                                                     const std::string& endpoint);
};

template <>
struct Command<operation::ScanPage> {
  static constexpr std::size_t replies = 1;
  static constexpr ReplyShape shape{{RedisReply::Type::array}, ReplyShape::Content::page};
  static void encode(const operation::ScanPage& scan, std::string& out);
  [[nodiscard]] static Result<KeyPage> value_of(RedisReply&& reply, const std::string& endpoint);
};

/// One script, so that nobody writes in between. (EVAL and not EVALSHA, which would need another
/// round trip wherever the server does not know it yet, after each of its restarts.)
template <>
struct Command<operation::CompareAndSet> : Counted {
  static void encode(const operation::CompareAndSet& one, std::string& out);
};

template <>
struct Command<operation::LeaseGet> {
  static constexpr std::size_t replies = 1;
  static constexpr ReplyShape shape{
      {RedisReply::Type::string, RedisReply::Type::status, RedisReply::Type::integer},
      ReplyShape::Content::lease};
  static void encode(const operation::LeaseGet& get, std::string& out);
  [[nodiscard]] static Result<Leased> value_of(RedisReply&& reply, const std::string& endpoint);
};

template <>
struct Command<operation::LeaseSet> : Counted {
  static void encode(const operation::LeaseSet& set, std::string& out);
};

template <>
struct Command<operation::LeaseDrop> : Counted {
  static void encode(const operation::LeaseDrop& drop, std::string& out);
};

/// Whether an operation may be sent twice.
template <typename Operation>
inline constexpr Idempotent idempotent_of = changes(Operation::effect) ? Idempotent::no
                                                                       : Idempotent::yes;

/// Whether an operation is said in another way where there are leases.
template <typename Operation>
concept VoidsLease = requires(const Operation& operation, std::string& out) {
  Command<Operation>::encode_fenced(operation, out);
};

/// What the replies to an operation can look like.
template <typename Operation>
[[nodiscard]] constexpr ReplyShape shape_of(const Operation& operation, Fence fence) noexcept {
  if constexpr (requires { Command<Operation>::fenced_shape; }) {
    if (fence == Fence::yes) return Command<Operation>::fenced_shape;
  }
  if constexpr (requires { Command<Operation>::shape_of(operation); }) {
    return Command<Operation>::shape_of(operation);
  } else {
    return Command<Operation>::shape;
  }
}

/// Appends the bytes of an operation.
template <typename Operation>
void encode(const Operation& operation, Fence fence, std::string& out) {
  if constexpr (VoidsLease<Operation>) {
    if (fence == Fence::yes) return Command<Operation>::encode_fenced(operation, out);
  }
  Command<Operation>::encode(operation, out);
}

/// About how many bytes of a script go along with an operation, and of the key of its lease.
template <typename Operation>
[[nodiscard]] std::size_t script_bytes_of(const Operation& operation, Fence fence) noexcept {
  const bool names_lease =
      operation::OfLeases<Operation> || (VoidsLease<Operation> && fence == Fence::yes);
  const bool is_script = names_lease || std::is_same_v<Operation, operation::CompareAndSet>;
  std::size_t bytes = is_script ? 500 : 0;
  if constexpr (requires { operation.key; }) {
    if (names_lease) bytes += operation.key.size();
  }
  return bytes;
}

/// About how many bytes that makes, rather more: with the headers of its arguments, and of a script
/// its text and the key of the lease.
template <typename Operation>
[[nodiscard]] std::size_t wire_bytes_of(const Operation& operation, Fence fence) noexcept {
  return Command<Operation>::replies *
         (bytes_of(operation) + 100 + script_bytes_of(operation, fence));
}

/// Takes the keys of leases out of a page.
void leave_out_leases(Result<KeyPage>& page);

/// Which one of an operation's replies tells what came of it. Requires: all of them.
template <typename Operation>
[[nodiscard]] std::size_t telling(const Operation& operation,
                                  std::span<const RedisReply> replies) noexcept {
  using Said = Command<Operation>;
  if constexpr (Said::replies == 1)
    return 0;
  else
    return Said::telling(operation, replies[0], replies[1]);
}

/// What an operation's replies mean. Requires: all of them, of its shape.
template <typename Operation>
[[nodiscard]] Result<typename Operation::Value> value_of(const Operation& operation, Fence fence,
                                                         std::span<RedisReply> replies,
                                                         const std::string& endpoint) {
  RedisReply& reply = replies[telling(operation, replies)];
  auto value = Command<Operation>::value_of(std::move(reply), endpoint);
  if constexpr (std::is_same_v<Operation, operation::ScanPage>) {
    if (fence == Fence::yes) leave_out_leases(value);  // Else the keys are somebody's own.
  }
  return value;
}

/// The key that says which node it goes to; empty where any will do.
template <typename Operation>
[[nodiscard]] std::string_view key_of(const Operation& operation) noexcept {
  if constexpr (requires { operation.key; }) return operation.key;
  return {};
}

/// Adds one operation to a batch.
template <typename Operation>
void add_operation(Pipeline& batch, const Operation& operation, Fence fence) {
  batch.add_encoded(Command<Operation>::replies, shape_of(operation, fence),
                    [&](std::string& wire) { redis::encode(operation, fence, wire); });
}

/// One operation as a request.
///
/// A server that finds a value too large ends the connection. Then this is sent once more, in the
/// place among the requests of its thread that it had, to remove what the value was to replace.
template <typename Operation>
class OperationRequest : public CommandRequest {
 public:
  using Value = typename Operation::Value;

  /// `large`: its reply, it seems, is large.
  explicit OperationRequest(const Operation& operation, Fence fence, bool large = false) noexcept
      : CommandRequest(idempotent_of<Operation>),
        operation_(operation),
        fence_(fence),
        large_(large) {}

  [[nodiscard]] Result<void> encode(const net::Session&, std::string& out) override {
    accepted_ = 0;
    replies_ = {};
    redis::encode(operation_, fence_, out);
    return {};
  }
  [[nodiscard]] bool idempotent() const noexcept override {
    return CommandRequest::idempotent() || wants_again();
  }
  [[nodiscard]] bool wants_again() const noexcept override { return refusal_.has_value(); }
  [[nodiscard]] Accepted accept(RedisReply&& reply) override {
    if (!shape_of(operation_, fence_).fits(reply)) return Accepted::impossible;
    if (becomes_removal(reply)) return Accepted::again;
    replies_[accepted_] = std::move(reply);
    return ++accepted_ == Command<Operation>::replies ? Accepted::all : Accepted::more;
  }
  [[nodiscard]] std::string_view error_of(std::size_t) const noexcept override {
    const RedisReply& reply = replies_[telling(operation_, replies_)];
    return reply.is_error() ? std::string_view(reply.text) : std::string_view();
  }
  [[nodiscard]] std::size_t missing() const noexcept override {
    return Command<Operation>::replies - accepted_;
  }
  [[nodiscard]] ReplyShape missing_shape(std::size_t) const noexcept override {
    return shape_of(operation_, fence_);
  }
  [[nodiscard]] std::size_t bytes() const noexcept override {
    return bytes_of(operation_) + script_bytes_of(operation_, fence_);
  }
  [[nodiscard]] bool large() const noexcept override {
    return large_ || bytes_of(operation_) > net::large_bytes;
  }

  [[nodiscard]] const Operation& operation() const noexcept { return operation_; }
  /// What came of it. Requires: the request was executed, with this outcome; once.
  [[nodiscard]] Result<Value> value(const Result<void>& outcome, const std::string& endpoint) {
    if (refusal_) return fail(refused(*refusal_, outcome, endpoint));
    if (!outcome) return fail(outcome.error());
    return redis::value_of(operation_, fence_, replies_, endpoint);
  }

 private:
  // `removed`: what became of the removal that came of it.
  [[nodiscard]] static Error refused(const std::string& refusal, const Result<void>& removed,
                                     const std::string& endpoint) {
    Error error = error_of_reply(refusal, endpoint);
    if (!removed) error.message += older_value_stays(removed.error());
    return error;
  }
  // Whether it is one from now on, for the value was too large.
  [[nodiscard]] bool becomes_removal(const RedisReply& reply) {
    if constexpr (Discardable<Operation>) {
      if (!replaces(operation_) || operation_.discard || !reply.is_error()) return false;
      if (error_of_reply(reply.text, {}).code != Errc::too_large) return false;
      refusal_ = reply.text;
      operation_.discard = true;  // It counts as many bytes as before.
      return true;
    }
    return false;
  }

  Operation operation_;
  Fence fence_;
  std::optional<std::string> refusal_{};  // The server's words on a value that is too large.
  std::array<RedisReply, Command<Operation>::replies> replies_{};
  std::size_t accepted_ = 0;
  bool large_;
};

}  // namespace cachekit::redis
