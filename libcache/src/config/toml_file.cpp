#include "config/toml_file.hpp"

#include "config/option_table.hpp"
#include "config/text.hpp"
#include "config/text_file.hpp"
#include "config/toml_depth.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <toml++/toml.h>

namespace cachekit::config {
namespace {

constexpr std::size_t largest_file = std::size_t{1} << 20U;
constexpr std::size_t max_toml_depth = 2'000;  // A profile needs a dozen.

using Kind = Option::Kind;

// What a value of this kind looks like in TOML.
std::string_view expected_form(Kind kind) {
  switch (kind) {
    case Kind::text:
    case Kind::secret:
      return "text in quotes";
    case Kind::path:
      return "a path in quotes";
    case Kind::integer:
      return "a whole number without quotes";
    case Kind::boolean:
      return "true or false";
    case Kind::duration:
      return "a duration in quotes, such as \"500ms\" or \"forever\"";
    case Kind::size:
      return "a size in quotes, such as \"64MiB\", or a number of bytes";
    case Kind::list:
      return "a list such as [\"a:11211\", \"b:11211\"]";
  }
  return "another type";
}

std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "text";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a fraction";
    case toml::node_type::boolean:
      return "a boolean";
    default:
      return "a date or time";
  }
}

std::optional<std::string> list_text(const toml::array& array) {
  std::vector<std::string> parts;
  for (const toml::node& element : array) {
    const std::optional<std::string> part = element.value_exact<std::string>();
    if (!part) return std::nullopt;
    parts.push_back(*part);
  }
  return joined(parts);
}

// The value as the option table reads it; empty when the type does not fit.
std::optional<std::string> value_text(const toml::node& node, Kind kind) {
  if (kind == Kind::boolean) {
    const std::optional<bool> flag = node.value_exact<bool>();
    return flag ? std::optional<std::string>(*flag ? "true" : "false") : std::nullopt;
  }
  if (kind == Kind::integer || (kind == Kind::size && node.is_integer())) {
    const std::optional<std::int64_t> number = node.value_exact<std::int64_t>();
    return number ? std::optional<std::string>(fmt::format("{}", *number)) : std::nullopt;
  }
  if (kind == Kind::list && node.is_array()) return list_text(*node.as_array());
  return node.value_exact<std::string>();
}

class Reader {
 public:
  explicit Reader(const std::string& name) : name_(name) {}

  Result<ConfigFile> read(const toml::table& root) {
    ConfigFile file;
    for (const auto& [key, node] : root) {
      Result<void> done{};
      if (key.str() == "default_profile") {
        done = read_default(file, key, node);
      } else if (key.str() == "profiles") {
        done = read_profiles(file, key, node);
      } else {
        done = unknown_top_level(key);
      }
      if (!done) return fail(std::move(done).error());
    }
    return file;
  }

 private:
  std::string origin(const toml::key& key) const {
    return fmt::format("{}:{}", name_, key.source().begin.line);
  }

  tl::unexpected<Error> refuse(const toml::key& key, std::string_view path, std::string_view why,
                               std::string hint = {}) const {
    return fail(Errc::invalid_argument, fmt::format("{}: {}: {}", origin(key), path, why), {},
                std::move(hint));
  }

  tl::unexpected<Error> wrong_type(const toml::key& key, std::string_view path,
                                   std::string_view expected, const toml::node& node) const {
    return refuse(key, path, fmt::format("expected {}, found {}", expected, type_name(node)));
  }

  Result<void> unknown_top_level(const toml::key& key) const {
    const std::vector<std::string> known{"default_profile", "profiles"};
    const std::string near = nearest(key.str(), known);
    return refuse(key, in_quotes(key.str()),
                  "unknown key; expected default_profile or [profiles.NAME]",
                  near.empty() ? "options stand in a profile, such as [profiles.dev]"
                               : fmt::format("did you mean {}?", near));
  }

  Result<void> read_default(ConfigFile& file, const toml::key& key, const toml::node& node) const {
    file.default_profile = node.value_exact<std::string>();
    file.default_profile_origin = origin(key);
    if (file.default_profile && !file.default_profile->empty()) return {};
    return wrong_type(key, "default_profile", "a profile's name in quotes", node);
  }

  Result<void> read_profiles(ConfigFile& file, const toml::key& key, const toml::node& node) const {
    if (!node.is_table()) return wrong_type(key, "profiles", "tables [profiles.NAME]", node);
    for (const auto& [name, body] : *node.as_table()) {
      const std::string path = "profiles." + printable_key(name.str());
      if (!body.is_table()) return wrong_type(name, path, fmt::format("a table [{}]", path), body);
      FileProfile profile{.name = std::string(name.str()), .origin = origin(name)};
      if (Result<void> done = read_table(profile, *body.as_table(), path, ""); !done) return done;
      std::ranges::stable_sort(profile.entries, {}, &FileEntry::option);
      file.profiles.push_back(std::move(profile));
    }
    return {};
  }

  // The options of one table; `prefix` is "" or "redis." and the like.
  Result<void> read_table(FileProfile& profile, const toml::table& table, const std::string& path,
                          const std::string& prefix) const {
    for (const auto& [key, node] : table) {
      const std::string name = prefix + std::string(key.str());
      const std::string full_path = path + "." + printable_key(key.str());
      Result<void> done{};
      if (prefix.empty() && is_section(key.str())) {
        if (!node.is_table()) {
          return wrong_type(key, full_path, fmt::format("a table [{}]", full_path), node);
        }
        done = read_table(profile, *node.as_table(), full_path, name + ".");
      } else {
        done = read_option(profile, key, node, name, full_path);
      }
      if (!done) return done;
    }
    return {};
  }

  Result<void> read_option(FileProfile& profile, const toml::key& key, const toml::node& node,
                           const std::string& name, const std::string& path) const {
    const Option* option = find_option(name);
    if (option == nullptr) {
      Error error = unknown_option(name);
      return refuse(key, path, "unknown option", std::move(error.hint));
    }
    std::optional<std::string> text = value_text(node, option->kind);
    if (!text) return wrong_type(key, path, expected_form(option->kind), node);
    profile.entries.push_back({.option = option, .text = *std::move(text), .origin = origin(key)});
    return {};
  }

  static bool is_section(std::string_view name) {
    const std::string prefix = std::string(name) + ".";
    return std::ranges::any_of(options(),
                               [&](const Option& row) { return row.key.starts_with(prefix); });
  }

  // A key as it stands in a path; one that is not bare is quoted.
  static std::string printable_key(std::string_view key) {
    const std::string escaped = in_quotes(key);
    const bool bare = std::ranges::all_of(
        key, [](char c) { return (c > ' ' && c <= '~' && c != '.' && c != '\'') || c == '-'; });
    return bare && !key.empty() && escaped.size() == key.size() + 2 ? std::string(key) : escaped;
  }

  const std::string& name_;
};

std::string printable_text(std::string_view text) {
  std::string out(text.substr(0, 200));
  std::ranges::replace_if(
      out, [](char c) { return c < ' ' || c > '~'; }, '?');
  return out;
}

// The parser's own words, up to where they quote the file: what they quote may be a piece of a
// secret. Words about a key that stands twice quote nothing but keys.
std::string syntax_message(const toml::parse_error& error) {
  std::string_view words = error.description();
  if (words.find("redefine") != std::string_view::npos) {
    return "defined twice: " + printable_text(words);
  }
  words = words.substr(0, words.find('\''));
  for (const std::string_view dangling : {" ", "saw", " ", ",", "expected", " ", ":"}) {
    if (words.ends_with(dangling)) words.remove_suffix(dangling.size());
  }
  return printable_text(words.empty() ? "unexpected text" : words);
}

}  // namespace

const FileProfile* ConfigFile::find(std::string_view name) const noexcept {
  const auto found = std::ranges::find(profiles, name, &FileProfile::name);
  return found == profiles.end() ? nullptr : &*found;
}

Result<ConfigFile> parse_config(std::string_view text, const std::string& name) {
  if (const auto line = line_of_key_dot(text, max_toml_depth)) {
    return fail(Errc::invalid_argument,
                fmt::format("{}:{}: expected fewer than {} dots in all keys together", name, *line,
                            max_toml_depth));
  }
  try {
    return Reader(name).read(toml::parse(text));
  } catch (const toml::parse_error& error) {
    return fail(Errc::invalid_argument,
                fmt::format("{}:{}: not valid TOML: {}", name, error.source().begin.line,
                            syntax_message(error)),
                {},
                "correct that line; text stands in quotes, numbers and true/false do not "
                "(https://toml.io)");
  }
}

Result<ConfigFile> read_config_file(const std::filesystem::path& path) {
  const Result<std::string> text = read_text_file(path, largest_file);
  if (!text) {
    return fail(Errc::invalid_argument,
                fmt::format("configuration file {}: {}", path.string(), text.error().message), {},
                "name another file, or begin one with what 'cachekit config init' prints");
  }
  return parse_config(*text, path.string());
}

}  // namespace cachekit::config
