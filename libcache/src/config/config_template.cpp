#include "config/reference.hpp"

#include <cachekit/config.hpp>

#include <fmt/format.h>

namespace cachekit {
namespace {

constexpr std::string_view head =
    R"(# Configuration of cachekit. Looked for in: $CACHEKIT_CONFIG, ./cachekit.toml,
# $XDG_CONFIG_HOME/cachekit/config.toml (else ~/.config/cachekit/config.toml),
# /etc/cachekit/config.toml; the first that exists is used.
#
# Options and URLs on the command line beat the environment, which beats this file.
# Every option is shown with its default; take off the '#' in front of a name to change it.
# Durations: "500ms", "30s", "1h30m", "forever". Sizes: "64KiB", "1GiB".

# The profile that is used when --profile and CACHEKIT_PROFILE name none. Built in are dev (memory
# with a snapshot), test (memory) and prod (Redis, production); a profile of the same name in this
# file is laid over the built-in one.
default_profile = "dev"

[profiles.dev]
)";

}  // namespace

std::string config_template() {
  std::string out(head);
  std::string_view section;
  for (const Option& option : options()) {
    const std::size_t dot = option.key.find('.');
    const bool top = dot == std::string_view::npos;
    const std::string_view option_section = top ? std::string_view() : option.key.substr(0, dot);
    const std::string_view name = top ? option.key : option.key.substr(dot + 1);
    if (option_section != section) {
      section = option_section;
      out += fmt::format("\n[profiles.dev.{}]\n", section);
    }
    out += fmt::format("# {}", option.help);
    if (!option.environment.empty()) out += fmt::format(" [{}]", option.environment);
    out += fmt::format("\n#{} = {}\n", name, config::default_as_toml(option));
  }
  return out;
}

}  // namespace cachekit
