#pragma once

#include "parser/command_spec.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::cli {

/// The help of the last command of `path`, which begins with the root, for a terminal of that many
/// columns.
[[nodiscard]] std::string help_text(const std::vector<const CommandSpec*>& path,
                                    std::size_t columns);

/// "cachekit config show": the names along the path.
[[nodiscard]] std::string full_name(const std::vector<const CommandSpec*>& path);
/// "[OPTIONS] KEY...": what stands behind the name.
[[nodiscard]] std::string usage_of(const CommandSpec& command);
/// "-u, --url URL" or "KEY...".
[[nodiscard]] std::string label_of(const ArgumentSpec& argument);
/// The help and the default.
[[nodiscard]] std::string explanation_of(const ArgumentSpec& argument);
/// The heading that it stands below.
[[nodiscard]] std::string_view group_of(const ArgumentSpec& argument);
/// The headings of a command's arguments, each once, in their order.
[[nodiscard]] std::vector<std::string_view> groups_of(const CommandSpec& command);
/// A unit, the type of values that have it, and what they look like.
struct Notation {
  Unit unit;
  std::string_view type;
  std::string_view example;
};
inline constexpr std::array notations{
    Notation{Unit::duration, "DURATION", "500ms, 30s, 5m, 1h30m, 7d"},
    Notation{Unit::size, "SIZE", "64KiB, 10MB, 1GiB"},
    Notation{Unit::rate, "N/s", "1000/s"},
};

}  // namespace cachekit::cli
