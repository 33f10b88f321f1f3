#pragma once

#include <cachekit/export.hpp>
#include <cachekit/redis.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace cachekit {

/// Commands that Redis runs as one, on a connection of their own.
///
/// Nothing is sent by `queue`: the commands go out together with EXEC, so a transaction that is
/// dropped leaves no trace. One transaction is executed once. Each step that waits for the server
/// (`watch`, `command`, `execute`) has a budget of its own: the timeout that `transaction()` was
/// given, as opening it has.
///
/// Threads: one at a time.
///
/// Errors: after one that lost the connection every step is `unavailable`; open a new transaction.
/// One that was moved from refuses every step.
///
/// Example:
///
///     Result<bool> replace(RedisBackend& redis, std::string_view key, std::string_view expected,
///                          std::string_view next) {
///       auto tx = redis.transaction();
///       if (!tx) return fail(tx.error());
///       if (const auto watched = tx->watch({key}); !watched) return fail(watched.error());
///       const auto now = tx->command({"GET", key});  // Runs at once, before the transaction.
///       if (!now) return fail(now.error());
///       if (now->text != expected) return false;
///       tx->queue({"SET", key, next});
///       const auto replies = tx->execute();
///       if (!replies) return fail(replies.error());
///       return replies->has_value();  // Without: the key has changed meanwhile.
///     }
class CACHEKIT_API RedisTransaction {
 public:
  RedisTransaction(RedisTransaction&&) noexcept;
  RedisTransaction& operator=(RedisTransaction&&) noexcept;
  ~RedisTransaction();

  /// Makes `execute` give up when one of the keys changes from now on.
  [[nodiscard]] Result<void> watch(std::initializer_list<std::string_view> keys);
  /// Runs a command at once; for reads between `watch` and `execute`. Errors: as for
  /// `RedisBackend::command`; a read whose reply is lost is not sent again.
  [[nodiscard]] Result<RedisReply> command(std::initializer_list<std::string_view> arguments);
  [[nodiscard]] Result<RedisReply> command(std::span<const std::string_view> arguments);
  /// Adds a command to what `execute` sends. Where it would end or defeat the transaction
  /// (EXEC, WATCH, SUBSCRIBE, an empty one), `execute` will send nothing and be `invalid_argument`;
  /// where there is no memory for it, `overloaded`.
  void queue(std::initializer_list<std::string_view> arguments);
  void queue(std::span<const std::string_view> arguments);
  /// MULTI, the queued commands, EXEC in one write. One reply per command, errors of single
  /// commands among them; an empty optional when a watched key changed and nothing was done.
  /// Errors: `rejected` when the server refused to queue one, and nothing was done;
  /// `outcome_unknown` when no answer came.
  [[nodiscard]] Result<std::optional<std::vector<RedisReply>>> execute();

 private:
  friend class RedisBackend;
  class Impl;
  explicit RedisTransaction(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cachekit
