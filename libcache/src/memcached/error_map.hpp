#pragma once

#include <cachekit/error.hpp>

#include <string>
#include <string_view>

namespace cachekit::memcached {

/// Whether a line is a server's way to say no: "ERROR", "CLIENT_ERROR ..." or "SERVER_ERROR ...".
[[nodiscard]] bool is_error_line(std::string_view line) noexcept;

/// Whether an error line says that the command itself is not known or malformed, as opposed to
/// "known, and refused".
[[nodiscard]] bool is_unknown_command(std::string_view line) noexcept;

/// The one place where a server's error line becomes an `Errc`.
[[nodiscard]] Error server_error(std::string_view line);

/// Text from a peer, made safe to print: control bytes become '?', a long text is cut.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace cachekit::memcached
