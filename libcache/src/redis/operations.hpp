#pragma once

#include "redis/session.hpp"

#include <cachekit/backend.hpp>
#include <cachekit/redis_reply.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// The commands of the common interface, each once: how it is said, and what its reply means.
/// Blocking calls, batches and asynchronous calls are made of these.
///
/// An operation has a `Value`, says by `replay` whether it may be sent twice, by `replies` how many
/// replies it gets (the last one counts), by `types` of which types they can be, by `bytes()` about
/// how large it is, and by `kept_in` what it is when all that it refers to has been copied into a
/// string.
/// Lifetime: the views must outlive the operation.

namespace cachekit::redis {

struct Get {
  using Value = std::optional<std::string>;
  static constexpr Replay replay = Replay::yes;
  static constexpr std::size_t replies = 1;
  static constexpr ReplyTypes types{RedisReply::Type::string, RedisReply::Type::nil};

  std::string_view key;

  [[nodiscard]] std::size_t bytes() const noexcept { return key.size(); }
  [[nodiscard]] Get kept_in(std::string& bytes) const;
  void encode(std::string& out) const;
  [[nodiscard]] static Result<Value> value_of(RedisReply&& reply, const std::string& endpoint);
};

/// True when stored.
struct Set {
  using Value = bool;
  static constexpr Replay replay = Replay::no;
  static constexpr std::size_t replies = 1;
  static constexpr ReplyTypes types{RedisReply::Type::status, RedisReply::Type::nil};

  SetItem item;
  SetCondition condition = SetCondition::always;

  [[nodiscard]] std::size_t bytes() const noexcept { return item.key.size() + item.value.size(); }
  [[nodiscard]] Set kept_in(std::string& bytes) const;
  void encode(std::string& out) const;
  [[nodiscard]] static Result<Value> value_of(RedisReply&& reply, const std::string& endpoint);
};

/// What the commands have in common that answer how many keys they found.
struct Counted {
  using Value = bool;
  static constexpr std::size_t replies = 1;
  static constexpr ReplyTypes types = only_integer;
  [[nodiscard]] static Result<Value> value_of(RedisReply&& reply, const std::string& endpoint);
};

struct Remove : Counted {
  explicit Remove(std::string_view name) noexcept : key(name) {}
  static constexpr Replay replay = Replay::no;

  std::string_view key;

  [[nodiscard]] std::size_t bytes() const noexcept { return key.size(); }
  [[nodiscard]] Remove kept_in(std::string& bytes) const;
  void encode(std::string& out) const;
};

struct Exists : Counted {
  explicit Exists(std::string_view name) noexcept : key(name) {}
  static constexpr Replay replay = Replay::yes;

  std::string_view key;

  [[nodiscard]] std::size_t bytes() const noexcept { return key.size(); }
  [[nodiscard]] Exists kept_in(std::string& bytes) const;
  void encode(std::string& out) const;
};

/// PEXPIRE; for no expiry PERSIST, which answers 0 for a key without a TTL as for a missing one, so
/// that EXISTS has to tell. Either way two commands, of which the second counts.
struct Touch : Counted {
  Touch(std::string_view name, Ttl life) noexcept : key(name), ttl(life) {}
  static constexpr Replay replay = Replay::no;
  static constexpr std::size_t replies = 2;

  std::string_view key;
  Ttl ttl;

  [[nodiscard]] std::size_t bytes() const noexcept { return key.size(); }
  [[nodiscard]] Touch kept_in(std::string& bytes) const;
  void encode(std::string& out) const;
};

struct RemainingTtl {
  using Value = std::optional<Ttl>;
  static constexpr Replay replay = Replay::yes;
  static constexpr std::size_t replies = 1;
  static constexpr ReplyTypes types = only_integer;

  std::string_view key;

  [[nodiscard]] std::size_t bytes() const noexcept { return key.size(); }
  [[nodiscard]] RemainingTtl kept_in(std::string& bytes) const;
  void encode(std::string& out) const;
  [[nodiscard]] static Result<Value> value_of(RedisReply&& reply, const std::string& endpoint);
};

struct Increment {
  using Value = std::int64_t;
  static constexpr Replay replay = Replay::no;
  static constexpr std::size_t replies = 1;
  static constexpr ReplyTypes types = only_integer;

  std::string_view key;
  std::int64_t by = 1;

  [[nodiscard]] std::size_t bytes() const noexcept { return key.size(); }
  [[nodiscard]] Increment kept_in(std::string& bytes) const;
  void encode(std::string& out) const;
  [[nodiscard]] static Result<Value> value_of(RedisReply&& reply, const std::string& endpoint);
};

/// One operation as a request.
template <typename Operation>
class OperationRequest : public CommandRequest {
 public:
  /// `heavy`: its reply, it seems, is large.
  explicit OperationRequest(const Operation& operation, bool heavy = false) noexcept
      : CommandRequest(Operation::replay), operation_(operation), heavy_(heavy) {}

  [[nodiscard]] Result<void> encode(const net::Session&, std::string& out) override {
    accepted_ = 0;
    operation_.encode(out);
    return {};
  }
  [[nodiscard]] Accepted accept(RedisReply&& reply) override {
    if (!Operation::types.contain(reply.type)) return Accepted::impossible;
    reply_ = std::move(reply);
    return ++accepted_ == Operation::replies ? Accepted::all : Accepted::more;
  }
  [[nodiscard]] std::size_t missing() const noexcept override {
    return Operation::replies - accepted_;
  }
  [[nodiscard]] std::size_t bytes() const noexcept override { return operation_.bytes(); }
  [[nodiscard]] bool heavy() const noexcept override {
    return heavy_ || operation_.bytes() > net::heavy_bytes;
  }

  [[nodiscard]] const Operation& operation() const noexcept { return operation_; }
  /// What the reply means. Requires: the request was executed; once.
  [[nodiscard]] Result<typename Operation::Value> value(const std::string& endpoint) {
    return Operation::value_of(std::move(reply_), endpoint);
  }

 private:
  Operation operation_;
  RedisReply reply_{};
  std::size_t accepted_ = 0;
  bool heavy_;
};

}  // namespace cachekit::redis
