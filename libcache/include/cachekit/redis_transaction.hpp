#pragma once

#include <cachekit/redis.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace cachekit {

/// Commands that Redis runs as one, on a connection of their own.
///
///     auto tx = redis.transaction();
///     tx->watch({"balance"});
///     auto now = tx->command({"GET", "balance"});      // runs at once, before the transaction
///     tx->queue({"SET", "balance", "12"});
///     auto replies = tx->execute();                    // empty optional: a watched key changed
///
/// Nothing is sent by `queue`: the commands go out together with EXEC, so a transaction that is
/// dropped leaves no trace. Threads: one at a time. One transaction is executed once.
class RedisTransaction {
 public:
  RedisTransaction(RedisTransaction&&) noexcept;
  RedisTransaction& operator=(RedisTransaction&&) noexcept;
  ~RedisTransaction();

  /// Makes `execute` give up when one of the keys changes from now on.
  [[nodiscard]] Result<void> watch(std::initializer_list<std::string_view> keys);
  /// Runs a command at once; for reads between `watch` and `execute`.
  [[nodiscard]] Result<RedisReply> command(std::initializer_list<std::string_view> arguments);
  [[nodiscard]] Result<RedisReply> command(std::span<const std::string_view> arguments);
  /// Adds a command to what `execute` sends. Where there is no memory for it, `execute` will send
  /// nothing and be `overloaded`.
  void queue(std::initializer_list<std::string_view> arguments);
  void queue(std::span<const std::string_view> arguments);
  /// MULTI, the queued commands, EXEC in one write. One reply per command, errors of single
  /// commands among them; an empty optional when a watched key changed and nothing was done.
  /// Errors: `rejected` when the server refused to queue one; `outcome_unknown` when no answer
  /// came.
  [[nodiscard]] Result<std::optional<std::vector<RedisReply>>> execute();

 private:
  friend class RedisBackend;
  class Impl;
  explicit RedisTransaction(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cachekit
