#pragma once

#include "memcached/command.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cachekit::memcached {

/// The commands to begin with where the step is small, for one batch.
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
/// is taken back, unless somebody has written the key meanwhile:
/// - A number is counted back, which comes to the same whatever others count. A number that is near
///   to what this call has made is taken for their doing, another one for somebody's value.
/// - What counting back cannot restore (a text, a number that went round at the server's end) is
///   put back with the TTL that it has by then, once what this call has made stands there alone.
/// - Where it is not clear whether others are about to take theirs back, it is looked at again.
/// A large step is not tried: what it left for a moment could not be told from somebody's value.
/// The counter is looked at first, and where the step might not fit, counted only as it was seen. A
/// classic server has no versions: there the counter is looked at first, too.
///
/// Requires: for a small step, `tried` once with the replies to `attempt`; for another,
/// `first_look`. Then `answered` with the reply to each command that was given, until there is
/// none.
class Counting {
 public:
  static constexpr std::uint64_t largest_small_step = std::uint64_t{1} << 32U;
  [[nodiscard]] static constexpr bool is_small(std::int64_t step) noexcept {
    return magnitude(step) <= largest_small_step;
  }

  /// `grace`: how long others are given to take theirs back, where they may be about to.
  /// Lifetime: the key and the endpoint outlive this object, which outlives the commands it gives.
  Counting(std::string_view key, std::int64_t by, const std::string& endpoint,
           std::chrono::milliseconds grace = std::chrono::milliseconds(20))
      : key_(key), by_(by), endpoint_(endpoint), grace_(grace) {}

  [[nodiscard]] std::optional<Command> tried(Result<Reply> before, const Result<Reply>& after);
  [[nodiscard]] Command first_look();
  [[nodiscard]] std::optional<Command> answered(const Result<Reply>& reply);

  /// The next increment of the same key that was tried in one go with this one, of which it is to
  /// be judged as if this one had been taken back already. Returns its outcome, and takes back what
  /// it changed as well; empty where others have come in between, and it stands for itself.
  /// Requires: `tried` has given a command, which has not been sent.
  [[nodiscard]] std::optional<Result<std::int64_t>> also_tried(std::int64_t by,
                                                               const Result<Reply>& before,
                                                               const Result<Reply>& after);
  /// What to ask now in place of the command that `tried` gave.
  [[nodiscard]] std::optional<Command> begin_to_take_back();

  /// By when the step that was given has to be done. What takes a change back gets a moment, 0.1 s
  /// for all its steps, also where the time of the call is over.
  [[nodiscard]] Deadline due(Deadline of_call) const noexcept {
    return repairs() && of_call.at() < repaired_by_.at() ? repaired_by_ : of_call;
  }

  /// Requires: no command is left to be asked.
  [[nodiscard]] Result<std::int64_t>& outcome() noexcept { return outcome_; }

 private:
  enum class Asked : std::uint8_t {
    return_count,  ///< To count back what should not have been counted.
    present,       ///< What there is by now in its place.
    undo,          ///< To put back what there was.
    spelling,      ///< Of a number that was counted back.
    respelling,    ///< Without the spaces that were left behind it.
    creation,
    look,
    increment,
  };

  void correct_before(std::uint64_t sum);
  [[nodiscard]] std::optional<Error> refusal(std::int64_t by) const;
  // Whether what is asked takes back what should not have been counted.
  [[nodiscard]] bool repairs() const noexcept { return asked_ <= Asked::respelling; }
  [[nodiscard]] bool respells() const noexcept {
    return asked_ == Asked::spelling || asked_ == Asked::respelling;
  }
  [[nodiscard]] std::optional<std::int64_t> excess() const;
  [[nodiscard]] std::optional<Command> ask(Asked what, Command command);
  [[nodiscard]] std::optional<Command> settle(Result<std::int64_t> outcome);
  [[nodiscard]] std::optional<Command> take_back(Error why, const Reply& after);
  [[nodiscard]] std::optional<Command> count_back(std::int64_t excess, std::size_t width);
  [[nodiscard]] std::optional<Command> look_at_present();
  [[nodiscard]] std::optional<Command> judge(const Reply& present);
  [[nodiscard]] std::optional<Command> restore(const Reply& present);
  [[nodiscard]] std::optional<Command> counted_back(const Reply& reply);
  [[nodiscard]] std::optional<Command> respell(const Reply& present);
  [[nodiscard]] std::optional<Command> look_again();
  [[nodiscard]] std::optional<Command> after_look();
  [[nodiscard]] std::optional<Command> count_blindly();
  [[nodiscard]] std::optional<Command> count_what_was_seen();
  [[nodiscard]] std::optional<Command> counted(const Reply& reply);

  std::string_view key_;
  std::int64_t by_;
  const std::string& endpoint_;
  std::chrono::milliseconds grace_;
  Reply before_{};             // What is to stand there.
  std::string text_{};         // What is stored in place of it, or where there was nothing.
  std::uint64_t counted_ = 0;  // What there is in place of what should be,
  std::uint64_t version_ = 0;  // and its version.
  std::size_t width_ = 0;      // Of what is counted back.
  Asked asked_ = Asked::look;
  int rounds_ = 0;
  Deadline repaired_by_ = Deadline::after(forever);
  Deadline grace_until_ = Deadline::after(forever);
  Result<std::int64_t> outcome_{};
};

}  // namespace cachekit::memcached
