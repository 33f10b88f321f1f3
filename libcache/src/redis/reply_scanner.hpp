#pragma once

#include "redis/dropped_reply.hpp"
#include "redis/reply_limits.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cachekit::redis {

/// Finds where a reply ends, in bytes that come in pieces of any size, and looks at nothing else of
/// it. So a reply can be skipped that is not to be kept, and whatever keeps it gets its own bytes
/// and no other.
///
/// Arrays in each other are cut into layers, each as deep as the parser behind can go: the parser
/// is told where one begins and ends.
///
/// Memory: its own size. Cost: a pass over lines, a step over a string. Threads: one at a time.
class ReplyScanner {
 public:
  static constexpr std::size_t max_nesting = ReplyLimits{}.nesting;
  /// Arrays in each other that a layer has: what hiredis 0.14 can do.
  static constexpr std::size_t layer_depth = 8;
  static constexpr std::size_t max_layers = max_nesting / layer_depth;

  enum class Event : std::uint8_t {
    more,       ///< All bytes were used, and the reply goes on.
    descends,   ///< The next byte begins an array that is a layer of its own.
    ascends,    ///< With the last byte used an array ended that was one; `layer` says where it is.
    complete,   ///< With the last byte used the reply ended.
    malformed,  ///< This is no reply. From now on there is nothing else.
  };
  struct Step {
    std::size_t bytes = 0;  ///< How many were used.
    std::size_t whole = 0;  ///< Where among these the last element ended; 0 if none did.
    Event event = Event::more;
  };

  /// Requires: at most `max_nesting` arrays in each other.
  explicit ReplyScanner(const ReplyLimits& limits) noexcept : limits_(limits) {}

  /// Before a reply.
  void begin() noexcept;
  /// Uses bytes until something happens. Requires: the reply is neither complete nor malformed.
  [[nodiscard]] Step scan(std::string_view bytes) noexcept;
  /// From now on the reply is not to be kept, for this reason.
  void drop(Dropped why) noexcept;

  /// Why the reply is not to be kept, if so: a limit of it was passed, or `drop` was called.
  [[nodiscard]] std::optional<Dropped> dropped() const noexcept { return dropped_; }
  [[nodiscard]] std::size_t layer() const noexcept { return layer_; }

 private:
  enum class At : std::uint8_t { start, text, number, string, line_end };

  [[nodiscard]] Event step(std::string_view& bytes) noexcept;
  [[nodiscard]] Event start(std::string_view& bytes) noexcept;
  [[nodiscard]] Event text(std::string_view& bytes) noexcept;
  [[nodiscard]] Event number(std::string_view& bytes) noexcept;
  [[nodiscard]] Event string(std::string_view& bytes) noexcept;
  [[nodiscard]] Event line_end(std::string_view& bytes) noexcept;
  void use(std::string_view& bytes, std::size_t count) noexcept;

  [[nodiscard]] bool digit(char c) noexcept;
  [[nodiscard]] Event end_line() noexcept;
  [[nodiscard]] Event begin_string() noexcept;
  [[nodiscard]] Event begin_array() noexcept;
  [[nodiscard]] Event end_element() noexcept;

  const ReplyLimits limits_;
  std::optional<Dropped> dropped_{};

  At at_ = At::start;
  char kind_ = 0;               // The byte by which the element began.
  bool negative_ = false;       // Of a number: as far as it has come.
  std::uint8_t digits_ = 0;     // The same.
  std::uint64_t number_ = 0;    // The same, without its sign.
  bool return_seen_ = false;    // A carriage return was the last byte.
  std::size_t line_ = 0;        // Bytes of a text.
  std::uint64_t left_ = 0;      // Bytes of a string that are still to come.
  std::uint64_t bytes_ = 0;     // Of the reply.
  std::uint64_t ended_at_ = 0;  // How many bytes of it there were when the last element ended.
  std::size_t openings_ = 0;    // Arrays that have begun without anything in between.
  std::uint64_t elements_ = 0;  // That were announced.

  // While the reply is kept: how many elements of each open array have not ended.
  std::size_t depth_ = 0;
  std::size_t layer_ = 0;
  std::array<std::uint64_t, max_nesting> open_{};
  // Once it is dropped: how many elements have not ended, where arrays end with their header.
  std::uint64_t pending_ = 0;
};

}  // namespace cachekit::redis
