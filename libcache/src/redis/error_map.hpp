#pragma once

#include <cachekit/error.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace cachekit::redis {

/// The one mapping of a Redis error reply ("WRONGTYPE Operation against ...") to an `Error`.
///
/// The first word decides, as a whole; only behind "ERR", which says nothing, the text does.
[[nodiscard]] Error error_of_reply(std::string_view text, const std::string& endpoint);

/// The first word of an error reply: its code.
[[nodiscard]] std::string_view code_of_reply(std::string_view text) noexcept;

/// Whether a server says by an error reply that it has not executed the command, and will in a
/// moment: it reads its data set, has lost its master, or a slot of its cluster is on its way.
[[nodiscard]] bool refused_for_now(std::string_view text) noexcept;

/// How much of an error reply says where in a script a command was refused, before the command's
/// own error: servers before 7.0 put that in front (and later ones, where it does no harm, behind).
[[nodiscard]] std::size_t place_in_script(std::string_view text) noexcept;

/// Whether a server says by this error reply, whatever it was asked, that it will not serve the
/// connection. It closes the connection then.
[[nodiscard]] bool turns_away(std::string_view text) noexcept;

/// The error for such a reply, with the first of the server's words.
[[nodiscard]] Error error_of_turning_away(std::string_view text, const std::string& endpoint);

/// The error for what a server said unasked, if it is an error line: why it closes the connection.
/// Anything else may be a reply of somebody's, and is not repeated.
[[nodiscard]] std::optional<Error> error_of_unasked(std::string_view bytes);

}  // namespace cachekit::redis
