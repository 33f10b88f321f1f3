#pragma once

#include "memcached/command.hpp"

#include <cachekit/error.hpp>
#include <cachekit/operation.hpp>
#include <cachekit/runtime.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace cachekit::memcached {

/// How a value is stored where the entry is what its caller expects: what to ask one after another
/// until there is an outcome. No I/O.
///
/// The server compares versions and not values. So the value is read with its version and compared
/// here, and the new one is stored only under that version. Where somebody has written in between,
/// it is read anew: the same value may have been stored again, and then it is still what was
/// expected.
///
/// A value that turns out to be too large for the server has the entry removed that it was to
/// replace, under the same version. (A server with meta commands has removed it already.)
///
/// Requires: `begin`, then `answered` with the reply to each command that was given, until there is
/// none.
class CompareAndSetSteps {
 public:
  /// Lifetime: what the operation refers to and the endpoint outlive this object, which outlives
  /// the commands it gives.
  CompareAndSetSteps(const operation::CompareAndSet& operation, const std::string& endpoint)
      : operation_(operation), endpoint_(endpoint) {}

  /// `now`: what a TTL that is written as a date counts from.
  [[nodiscard]] std::optional<Command> begin(Runtime::wall_time now = Runtime::current().wall());
  [[nodiscard]] std::optional<Command> answered(Result<Reply> reply);

  /// What is said where there was no memory while the last command that was given was under way.
  [[nodiscard]] Errc in_doubt() const noexcept {
    return asked_ == Asked::look ? Errc::overloaded : Errc::outcome_unknown;
  }
  /// Requires: no command is left to be asked.
  [[nodiscard]] Result<bool>& outcome() noexcept { return outcome_; }

 private:
  enum class Asked : std::uint8_t {
    look,
    change,
    removal,  ///< Of what a value that is too large was to replace.
  };

  [[nodiscard]] std::optional<Command> look();
  [[nodiscard]] std::optional<Command> compare(const Reply& entry);
  [[nodiscard]] std::optional<Command> change();
  [[nodiscard]] std::optional<Command> changed(const Reply& reply);
  [[nodiscard]] std::optional<Command> remove(Asked why);
  [[nodiscard]] std::optional<Command> failed(Error error);
  [[nodiscard]] std::optional<Command> settle(Result<bool> outcome);

  operation::CompareAndSet operation_;
  const std::string& endpoint_;
  std::int64_t expiry_ = 0;
  std::uint64_t version_ = 0;  // Of what is as expected.
  Asked asked_ = Asked::look;
  int rounds_ = 0;
  Result<bool> outcome_{};
};

}  // namespace cachekit::memcached
