#include "redis/command_kind.hpp"

#include "redis/command_table.hpp"
#include "redis/upper.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

namespace cachekit::redis {
namespace {

struct Option {
  std::string_view name;
  std::size_t words;  // With its own arguments.
};

// The options of XREAD and XREADGROUP, in any order; behind STREAMS there are keys and numbers.
constexpr std::array stream_options{Option{"COUNT", 2}, Option{"GROUP", 3}, Option{"NOACK", 1},
                                    Option{"CLAIM", 2}};

CommandKind kind_of_stream_read(std::span<const std::string_view> arguments) {
  for (std::size_t i = 1; i < arguments.size();) {
    const std::string word = upper(arguments[i]);
    if (word == "STREAMS") return CommandKind::write;
    if (word == "BLOCK") return CommandKind::blocking;
    const auto option = std::ranges::find(stream_options, word, &Option::name);
    if (option == stream_options.end()) return CommandKind::unknown;
    i += option->words;
  }
  return CommandKind::write;  // Which the server refuses.
}

}  // namespace

bool runs_script(std::span<const std::string_view> arguments) noexcept {
  constexpr std::array<std::string_view, 3> names{"EVAL", "EVALSHA", "FCALL"};
  return std::ranges::any_of(
      names, [&](std::string_view name) { return equals_in_capitals(arguments.front(), name); });
}

CommandKind kind_of(std::span<const std::string_view> arguments) {
  std::string name = upper(arguments.front());
  if (name == "XREAD" || name == "XREADGROUP") return kind_of_stream_read(arguments);
  if (name.find('|') != std::string::npos)
    return CommandKind::unknown;  // No server has such a one.
  if (arguments.size() < 2 || !has_subcommands(name)) return listed_kind(name);
  const bool client = name == "CLIENT";
  const CommandKind kind = listed_kind(name.append("|").append(upper(arguments[1])));
  // CLIENT is mostly about the connection that sends it, and gets more such words in each version.
  const bool unheard_of = client && kind == CommandKind::unknown;
  return unheard_of ? CommandKind::connection_state : kind;
}

}  // namespace cachekit::redis
