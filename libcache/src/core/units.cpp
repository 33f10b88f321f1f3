#include "core/bare_number.hpp"

#include <cachekit/units.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include <fmt/format.h>

namespace cachekit {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t size;
};

constexpr std::array<Unit, 6> duration_units{{{"w", 604'800'000},
                                              {"d", 86'400'000},
                                              {"h", 3'600'000},
                                              {"m", 60'000},
                                              {"s", 1'000},
                                              {"ms", 1}}};

constexpr std::array<Unit, 9> size_units{{{"tib", 1ULL << 40U},
                                          {"gib", 1ULL << 30U},
                                          {"mib", 1ULL << 20U},
                                          {"kib", 1ULL << 10U},
                                          {"tb", 1'000'000'000'000},
                                          {"gb", 1'000'000'000},
                                          {"mb", 1'000'000},
                                          {"kb", 1'000},
                                          {"b", 1}}};

constexpr double largest = 9e15;  // Below 2^53: every whole number up to here is exact.

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

const Unit* find_unit(std::span<const Unit> units, std::string_view name) {
  const auto found = std::ranges::find(units, name, &Unit::name);
  return found == units.end() ? nullptr : &*found;
}

// Takes "12" or "1.5" off the front; NaN when there is none, infinity when it is beyond a double,
// the least that there is when it is nearer to nothing.
double take_number(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && (is_digit(text[length]) || text[length] == '.')) ++length;
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + length, number, std::chars_format::fixed);
  const bool beyond = error == std::errc::result_out_of_range;
  if (length == 0 || (error != std::errc{} && !beyond) || end != text.data() + length) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const bool overflows =
      text.substr(0, std::min(length, text.find('.'))).find_first_not_of('0') != text.npos;
  text.remove_prefix(length);
  if (!beyond) return number;
  return overflows ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::min();
}

std::string_view take_letters(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && is_letter(text[length])) ++length;
  const std::string_view letters = text.substr(0, length);
  text.remove_prefix(length);
  return letters;
}

std::chrono::milliseconds whole_milliseconds(double count) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(count)));
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto refuse = [&] {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' is not a duration: expected a number with a unit of ms, s, m, h, "
                            "d or w, each at most once, such as 500ms, 30s or 1h30m",
                            text));
  };
  std::string_view rest = text;
  if (core::is_bare_number(text)) {
    const bool is_zero = text.find_first_not_of("0.") == std::string_view::npos;
    // Few take a zero, whatever its unit.
    const std::string advice =
        is_zero ? "" : fmt::format("write {}s, if seconds are meant; ", text);
    return fail(Errc::invalid_argument, fmt::format("'{}' is a number without a unit", text), {},
                advice + "the units are ms, s, m, h, d and w");
  }
  double total = 0;
  std::vector<const Unit*> named;
  while (!rest.empty()) {
    const double number = take_number(rest);
    const Unit* unit = find_unit(duration_units, take_letters(rest));
    if (std::isnan(number) || unit == nullptr) return refuse();
    if (std::ranges::find(named, unit) != named.end()) return refuse();  // More likely a slip.
    named.push_back(unit);
    total += number * static_cast<double>(unit->size);
  }
  if (named.empty()) return refuse();
  if (total > largest) {
    return fail(Errc::invalid_argument, fmt::format("'{}' is too long, the most is {}", text,
                                                    format_duration(whole_milliseconds(largest))));
  }
  return whole_milliseconds(total);
}

Result<Bytes> parse_bytes(std::string_view text) {
  std::string_view rest = text;
  const double number = take_number(rest);
  const std::string name = lower(take_letters(rest));
  const Unit* unit = name.empty() ? &size_units.back() : find_unit(size_units, name);
  const bool part_of_byte = unit != nullptr && unit->size == 1 && number != std::floor(number);
  if (std::isnan(number) || unit == nullptr || !rest.empty() || part_of_byte) {
    return fail(
        Errc::invalid_argument,
        fmt::format("'{}' is not a size: expected whole bytes or a number with a unit of KiB, "
                    "MiB, GiB, KB, MB or GB, such as 64MiB",
                    text));
  }
  const double count = number * static_cast<double>(unit->size);
  if (count > largest) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' is too large, the most is {:.0f} bytes", text, largest));
  }
  return Bytes{static_cast<std::uint64_t>(count)};
}

std::string format_duration(std::chrono::milliseconds duration) {
  if (duration == std::chrono::milliseconds::max()) return "forever";
  auto left = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
  if (left == 0) return "0ms";
  std::string out;
  for (const Unit& unit : std::span(duration_units).subspan(1)) {  // Weeks are read, not written.
    if (const std::uint64_t whole = left / unit.size; whole > 0) {
      out += fmt::format("{}{}", whole, unit.name);
      left %= unit.size;
    }
  }
  return out;
}

std::string format_bytes(Bytes bytes) {
  constexpr std::array<Unit, 4> binary{
      {{"TiB", 1ULL << 40U}, {"GiB", 1ULL << 30U}, {"MiB", 1ULL << 20U}, {"KiB", 1ULL << 10U}}};
  for (const Unit& unit : binary) {
    if (bytes.count < unit.size) continue;
    if (bytes.count % unit.size == 0)
      return fmt::format("{}{}", bytes.count / unit.size, unit.name);
    return fmt::format(
        "{:.1f}{}", static_cast<double>(bytes.count) / static_cast<double>(unit.size), unit.name);
  }
  return fmt::format("{}B", bytes.count);
}

}  // namespace cachekit
