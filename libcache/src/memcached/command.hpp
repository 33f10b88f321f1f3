#pragma once

#include <cachekit/backend.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace cachekit::memcached {

/// The operations that are asked of a server. Both dialects encode all of them, or say which one
/// they cannot.
enum class Verb : std::uint8_t {
  get,
  gets,     ///< A value and its version.
  inspect,  ///< A value and all that it takes to put it back as it was.
  exists,
  remaining_ttl,
  store,
  remove,
  touch,
  increment,
  probe,  ///< Which dialect does the peer speak?
  version,
  stats,
  flush_all,
};

/// One operation. Lifetime: the views must outlive the request that carries it.
struct Command {
  Verb verb = Verb::get;
  std::string_view key{};    ///< Passed `check_key`.
  std::string_view value{};  ///< Of `store`.
  SetCondition condition = SetCondition::always;
  std::int64_t expiry = 0;  ///< As `expiry_number` gives it; of `store` and `touch`.
  std::int64_t delta = 0;   ///< Of `increment`.
  /// Of `store`, `remove` and `increment`: only where the entry still has this version (which the
  /// classic dialect cannot do of an increment). 0: whatever it has, and an increment also where
  /// there is none.
  std::uint64_t version = 0;
  std::uint32_t client_flags = 0;  ///< Of `store`: what some clients keep beside a value.
  /// Of `increment`: only where the reply tells the version, so that it can be taken back. That the
  /// classic dialect cannot.
  bool versioned = false;
  /// It brings to its end what an earlier one has begun.
  bool is_follow_up = false;

  /// As of an operation: all that it refers to.
  template <typename Visit>
  void each_view(const Visit& visit) {
    visit(key);
    visit(value);
  }
};

/// The distance of `delta` from 0; the most negative number has one, too.
[[nodiscard]] constexpr std::uint64_t magnitude(std::int64_t delta) noexcept {
  const auto bits = static_cast<std::uint64_t>(delta);
  return delta < 0 ? 0 - bits : bits;
}

/// Whether the bytes of a value go with a command. (A classic server removes an entry of one
/// version by storing one that has expired.)
[[nodiscard]] constexpr bool carries_value(const Command& command) noexcept {
  return command.verb == Verb::store || (command.verb == Verb::remove && command.version != 0);
}

/// Whether a command changes nothing, so that sending it twice does no harm.
[[nodiscard]] constexpr bool is_read(Verb verb) noexcept {
  return verb != Verb::store && verb != Verb::remove && verb != Verb::touch &&
         verb != Verb::increment && verb != Verb::flush_all;
}

/// What a server answered to one command.
struct Reply {
  enum class Status : std::uint8_t {
    pending,  ///< Not yet told.
    done,
    missing,  ///< There is no such entry; for `probe`: the peer knows no meta commands.
    refused,  ///< The condition of `store` did not hold, or the entry has another version.
  };
  Status status = Status::pending;
  /// Of `get`, `gets` and `inspect`; the text of `version`; "name value" lines of `stats`.
  std::string value{};
  std::int64_t seconds = -1;  ///< Of `remaining_ttl` and `inspect`; -1 for no expiry.
  std::uint64_t number = 0;   ///< Of `increment`.
  /// Of `gets`, `inspect` and a versioned `increment`; 0 from a server that counts no versions.
  std::uint64_t version = 0;
  std::uint32_t client_flags = 0;  ///< Of `inspect`.

  friend bool operator==(const Reply&, const Reply&) = default;
};

}  // namespace cachekit::memcached
