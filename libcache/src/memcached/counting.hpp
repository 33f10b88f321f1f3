#pragma once

#include "memcached/command.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cachekit::memcached {

/// The commands to begin with, for one batch.
[[nodiscard]] inline std::array<Command, 2> attempt(std::string_view key,
                                                    std::int64_t by) noexcept {
  return {Command{.verb = Verb::inspect, .key = key},
          Command{.verb = Verb::increment, .key = key, .delta = by, .versioned = true}};
}

/// How a counter is counted up: what to ask one after another until there is an outcome. No I/O.
///
/// The server takes "05", " 5" and "12 apples" for numbers and has one bit more than other
/// backends, so its own verdict is not enough for a counter to mean the same everywhere. A server
/// with versions is asked in one go for what the counter was and to count it up, so that many
/// callers can share a counter and asynchronous calls stay in order. What should have been refused
/// is taken back, unless somebody has written the key meanwhile: a number is counted down again,
/// however many others did the same, and anything else is put back with the TTL that it has by
/// then. A classic server has no versions: there the counter is looked at first.
///
/// Requires: `tried` once with the replies to `attempt`, then `answered` with the reply to each
/// command that was given, until there is none.
class Counting {
 public:
  /// Lifetime: the key and the endpoint outlive this object, which outlives the commands it gives.
  Counting(std::string_view key, std::int64_t by, const std::string& endpoint)
      : key_(key), by_(by), endpoint_(endpoint) {}

  [[nodiscard]] std::optional<Command> tried(Result<Reply> before, const Result<Reply>& after);
  [[nodiscard]] std::optional<Command> answered(const Result<Reply>& reply);

  /// By when the step that was given has to be done. What takes a change back gets a moment, 0.1 s
  /// for all its steps, also where the time of the call is over.
  [[nodiscard]] Deadline due(Deadline of_call) const noexcept {
    return repairs() && of_call.at() < repaired_by_.at() ? repaired_by_ : of_call;
  }

  /// Requires: no command is left to be asked.
  [[nodiscard]] Result<std::int64_t>& outcome() noexcept { return outcome_; }

 private:
  enum class Asked : std::uint8_t {
    countdown,  ///< Of what should not have been counted up.
    present,    ///< What there is by now in its place.
    undo,       ///< To put back what there was.
    creation,
    look,
    increment,
  };

  [[nodiscard]] std::optional<Error> refusal() const;
  // Whether what is asked takes back what should not have been counted.
  [[nodiscard]] bool repairs() const noexcept {
    return asked_ == Asked::countdown || asked_ == Asked::present || asked_ == Asked::undo;
  }
  [[nodiscard]] std::optional<Command> ask(Asked what, Command command);
  [[nodiscard]] std::optional<Command> settle(Result<std::int64_t> outcome);
  [[nodiscard]] std::optional<Command> take_back(Error why, std::uint64_t version);
  [[nodiscard]] std::optional<Command> count_down();
  [[nodiscard]] std::optional<Command> look_at_present();
  [[nodiscard]] std::optional<Command> undo(const Reply& present);
  [[nodiscard]] std::optional<Command> look_again();
  [[nodiscard]] std::optional<Command> after_look();
  [[nodiscard]] std::optional<Command> counted(const Reply& reply);

  std::string_view key_;
  std::int64_t by_;
  const std::string& endpoint_;
  Reply before_{};
  std::string start_{};        // What a classic server stores for a counter that is new.
  std::uint64_t version_ = 0;  // Of what is there in place of what should be.
  Asked asked_ = Asked::look;
  int rounds_ = 0;
  Deadline repaired_by_ = Deadline::after(forever);
  Result<std::int64_t> outcome_{};
};

}  // namespace cachekit::memcached
