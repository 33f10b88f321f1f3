#include "commands/commands.hpp"
#include "failure.hpp"
#include "output/json.hpp"
#include "output/printable.hpp"
#include "output/table.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

namespace cachekit::cli {
namespace {

std::string origin_of(const Settings& settings, std::string_view key) {
  const auto found = settings.origins.find(key);
  return found == settings.origins.end() ? "default" : without_credentials(found->second);
}

// A URL may stand in an option that is no URL, and carry a password there.
std::string shown(const Option& option, const Settings& settings) {
  return without_credentials(option.get(settings));
}

// Variables speak for the profile that is used. Of the others they say nothing but which backend
// such a one has that names none.
Environment without_variables(Environment environment) {
  return [environment = std::move(environment)](std::string_view name) {
    const bool hidden =
        name != "CACHE_BACKEND" && std::ranges::any_of(options(), [&](const Option& option) {
          return option.environment == name;
        });
    return hidden ? std::nullopt : environment(name);
  };
}

ExitCode check(Context& context) {
  const Settings& settings = context.settings();
  if (auto made = make_backend(settings); !made) {
    throw wrong_configuration(std::move(made).error());
  }
  const auto names = profile_names(context.settings_request());
  if (!names) throw wrong_configuration(names.error());
  // Every profile is read, so that a mistake in one is found before the day it is needed.
  for (const std::string& name : *names) {
    if (name == settings.profile) continue;
    SettingsRequest request = context.settings_request();
    request.profile = name;
    request.environment = without_variables(std::move(request.environment));
    if (const auto loaded = load_settings(request); !loaded) {
      throw wrong_configuration(loaded.error());
    }
  }
  if (context.options.json) {
    context.out.line(dump({{"ok", true}, {"profile", settings.profile}, {"profiles", *names}}));
  } else {
    context.out.line(fmt::format("ok: profile {}, backend {}; {} profiles checked",
                                 settings.profile, to_string(settings.backend), names->size()));
  }
  return ExitCode::done;
}

ExitCode show(Context& context, bool with_origin) {
  const Settings& settings = context.settings();
  if (context.options.json) {
    Json object{{"profile", settings.profile}};
    for (const Option& option : options()) {
      const std::string key(option.key);
      object[key] = with_origin ? Json{{"value", shown(option, settings)},
                                       {"origin", origin_of(settings, option.key)}}
                                : Json(shown(option, settings));
    }
    context.out.line(dump(object));
    return ExitCode::done;
  }
  Table table(std::vector<Table::Align>(with_origin ? 3 : 2, Table::Align::left));
  const auto row = [&](std::string_view key, std::string value) {
    std::vector<std::string> cells{std::string(key), std::move(value)};
    if (with_origin) cells.push_back(origin_of(settings, key));
    table.row(std::move(cells));
  };
  row("profile", settings.profile);
  for (const Option& option : options()) row(option.key, shown(option, settings));
  context.out.write(table.text());
  return ExitCode::done;
}

ExitCode path(Context& context) {
  const SettingsRequest request = context.settings_request();
  const auto used = request.file ? request.file : find_config_file(request.environment);
  if (used && ::access(used->c_str(), R_OK) != 0) {
    const std::string why = std::generic_category().message(errno);
    throw wrong_configuration({Errc::invalid_argument,
                               fmt::format("{} cannot be read: {}", used->string(), why), "",
                               "name another file with --config or CACHEKIT_CONFIG"});
  }
  if (context.options.json) {
    Json searched = Json::array();
    for (const auto& place : config_search_path(request.environment)) {
      searched.push_back(place.string());
    }
    context.out.line(dump({{"file", used ? Json(without_credentials(used->string())) : Json()},
                           {"searched", std::move(searched)}}));
  } else if (used) {
    context.out.line(without_credentials(used->string()));
  } else {
    std::string places;
    for (const auto& place : config_search_path(request.environment)) {
      places += (places.empty() ? "" : ", ") + place.string();
    }
    context.note(fmt::format("no configuration file; looked for {}", places));
  }
  return used ? ExitCode::done : ExitCode::no;
}

}  // namespace

CommandSpec config_command() {
  const auto origin = std::make_shared<bool>(false);
  return {
      .name = "config",
      .help = "Check, show or begin a configuration",
      .examples = {{"cachekit config init > cachekit.toml", "Begin with all options as comments"},
                   {"cachekit config show --origin", "Where each value came from"}},
      .commands =
          {
              {.name = "check", .help = "Read everything and say what is wrong", .run = check},
              {.name = "show",
               .help = "Show every option's value, secrets masked",
               .arguments = {{.name = "--origin",
                              .takes = Takes::nothing,
                              .help = "Also where each value came from",
                              .into = switch_on(*origin)}},
               .run = [origin](Context& context) { return show(context, *origin); }},
              {.name = "init",
               .help = "Print a commented file to start from",
               .run =
                   [](Context& context) {
                     context.out.write(config_template());
                     return ExitCode::done;
                   }},
              {.name = "path", .help = "Print the file that is used", .run = path},
          },
  };
}

}  // namespace cachekit::cli
