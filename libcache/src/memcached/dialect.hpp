#pragma once

#include "memcached/command.hpp"

#include <cachekit/error.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The two dialects as functions: a command to bytes, and a reply's line to what follows it. Both
/// share the common commands, which are the same for every server.

namespace cachekit::memcached {

enum class Dialect : std::uint8_t {
  meta,     ///< "mg", "ms", ...: memcached 1.6 and later.
  classic,  ///< "get", "set", ...: every server and proxy.
};

/// What a line of a reply announces.
struct Step {
  bool last = true;                         ///< The reply ends here, or after the data.
  std::optional<std::size_t> data_bytes{};  ///< A block of that size and a line end follow.
};

/// Appends the bytes of one command; on an error, nothing.
/// Errors: `unsupported`, `invalid_argument` for what the dialect cannot say.
[[nodiscard]] Result<void> encode(Dialect dialect, const Command& command, std::string& out);
void encode_meta(const Command& command, std::string& out);
[[nodiscard]] Result<void> encode_classic(const Command& command, std::string& out);
void encode_plain(Verb verb, std::string& out);

/// Reads a line (without its end) of the reply to `command` into `reply`.
/// Errors: `protocol` for a line that this command cannot have for an answer.
[[nodiscard]] Result<Step> read_meta(std::string_view line, const Command& command, Reply& reply);
[[nodiscard]] Result<Step> read_classic(std::string_view line, const Command& command,
                                        Reply& reply);
[[nodiscard]] Result<Step> read_plain(std::string_view line, Verb verb, Reply& reply);

/// Whether a verb is the same in both dialects.
[[nodiscard]] constexpr bool is_plain(Verb verb) noexcept {
  return verb == Verb::probe || verb == Verb::version || verb == Verb::stats ||
         verb == Verb::flush_all;
}

/// The largest value that a server can hold, whatever its `-I`; a longer one is nonsense.
inline constexpr std::size_t max_announced_bytes = std::size_t{1} << 30U;

/// A decimal number and nothing else.
[[nodiscard]] std::optional<std::uint64_t> parse_decimal(std::string_view text) noexcept;
/// Reads the length of a data block. Errors: `protocol` for none, or one above the bound.
[[nodiscard]] Result<std::size_t> parse_length(std::string_view text);
/// The error for a line that makes no sense here.
[[nodiscard]] tl::unexpected<Error> unexpected_line(std::string_view line);

}  // namespace cachekit::memcached
