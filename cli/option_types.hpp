#pragma once

#include "parser/command_spec.hpp"

#include <cachekit/ttl.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cachekit::cli {

/// A whole number in decimal; one that does not fit in 64 bits is refused.
[[nodiscard]] Result<std::int64_t> parse_integer(std::string_view text);

/// A whole number from 1 on.
[[nodiscard]] Result<std::uint64_t> parse_count(std::string_view text);

/// A budget: "500ms", or "forever" for none.
[[nodiscard]] Result<std::chrono::milliseconds> parse_timeout(std::string_view text);

/// `--ttl D` as every command has it.
[[nodiscard]] ArgumentSpec ttl_argument(std::optional<Ttl>& into, std::string_view help);

}  // namespace cachekit::cli
