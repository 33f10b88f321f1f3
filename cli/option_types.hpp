#pragma once

#include <cachekit/ttl.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

namespace cachekit::cli {

/// Adds an option whose text `parse` reads; what it refuses is a usage error in its own words.
template <typename T, typename Parse>
CLI::Option* add_parsed(CLI::App& app, const std::string& name, T& into, Parse parse,
                        const std::string& help) {
  return app.add_option_function<std::string>(
      name,
      [&into, parse, name](const std::string& text) {
        auto parsed = parse(text);
        if (!parsed) throw CLI::ValidationError(name, parsed.error().message);
        into = *std::move(parsed);
      },
      help);
}

/// A whole number in decimal; one that does not fit in 64 bits is refused.
[[nodiscard]] Result<std::int64_t> parse_integer(std::string_view text);

/// A whole number from 1 on.
[[nodiscard]] Result<std::uint64_t> parse_count(std::string_view text);

/// "30s" or "none"; refuses what no backend would take.
[[nodiscard]] Result<Ttl> parse_ttl(std::string_view text);

/// `--ttl D` as every command has it.
CLI::Option* add_ttl(CLI::App& app, std::optional<Ttl>& into, const std::string& help);

}  // namespace cachekit::cli
