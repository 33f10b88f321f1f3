#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cachekit::cli {

/// 1234567 as "1,234,567"; a fraction is rounded, less than 0 is 0.
[[nodiscard]] std::string grouped(std::uint64_t number);
[[nodiscard]] std::string grouped(double number);

/// Three digits that count and a unit: "850ns", "12.3us", "1.20ms".
[[nodiscard]] std::string latency_text(double microseconds);

/// What the figures of a closed loop hide, in two lines.
[[nodiscard]] std::string_view closed_loop_note();

}  // namespace cachekit::cli
