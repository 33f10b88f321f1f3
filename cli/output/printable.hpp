#pragma once

#include <string>
#include <string_view>

namespace cachekit::cli {

/// What would drive a terminal, or turn the letters behind it around, as "\x1B", one for each byte:
/// control bytes, DEL, the C1 controls and the bidirectional ones of Unicode, and bytes that are no
/// UTF-8. `keep` lists the control bytes that stay.
[[nodiscard]] std::string escape_controls(std::string_view text, std::string_view keep = {});

/// The same in JSON that is serialised already, as "\u001B": it stays the same JSON.
[[nodiscard]] std::string escape_controls_in_json(std::string_view json);

/// For a line on a terminal: a line end as "\n", the rest as `escape_controls` has it.
[[nodiscard]] std::string printable(std::string_view text);

/// The same text with what stands between "://" and "@" masked: a URL that was typed in the wrong
/// place may carry a password.
[[nodiscard]] std::string without_credentials(std::string_view text);

}  // namespace cachekit::cli
