#include "config/reference.hpp"

#include <fmt/format.h>

namespace cachekit::config {
namespace {

std::string kind_name(Option::Kind kind) {
  switch (kind) {
    case Option::Kind::text:
      return "text";
    case Option::Kind::integer:
      return "number";
    case Option::Kind::boolean:
      return "boolean";
    case Option::Kind::duration:
      return "duration";
    case Option::Kind::size:
      return "size";
    case Option::Kind::list:
      return "list";
    case Option::Kind::secret:
      return "secret";
    case Option::Kind::path:
      return "path";
  }
  return "?";
}

}  // namespace

std::string default_as_toml(const Option& option) {
  std::string text = option.get(Settings{});
  switch (option.kind) {
    case Option::Kind::integer:
    case Option::Kind::boolean:
      return text;
    case Option::Kind::list:
      return "[]";
    default:
      return fmt::format("\"{}\"", text);
  }
}

std::string option_table_markdown() {
  std::string out =
      "| Option | Environment | Kind | Default | Meaning |\n"
      "|---|---|---|---|---|\n";
  for (const Option& option : options()) {
    const std::string variable =
        option.environment.empty() ? "" : fmt::format("`{}`", option.environment);
    out += fmt::format("| `{}` | {} | {} | `{}` | {} |\n", option.key, variable,
                       kind_name(option.kind), default_as_toml(option), option.help);
  }
  return out;
}

}  // namespace cachekit::config
