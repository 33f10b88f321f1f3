#include "load/distribution.hpp"

#include <charconv>

#include <fmt/format.h>

namespace cachekit::cli {

Result<Distribution> parse_distribution(std::string_view text) {
  using Kind = Distribution::Kind;
  if (text == "uniform") return Distribution{Kind::uniform};
  if (text == "sequential") return Distribution{Kind::sequential};
  if (text == "zipf") return Distribution{Kind::zipf};
  if (text == "trace:-") {
    return fail(
        Errc::invalid_argument,
        "a trace is read more than once, so it cannot come from standard input: name a file");
  }
  if (text.starts_with("trace:") && text.size() > 6) {
    return Distribution{.kind = Kind::trace, .trace = std::string(text.substr(6))};
  }
  if (text.starts_with("zipf:")) {
    const std::string_view number = text.substr(5);
    const char* const end = number.data() + number.size();
    double exponent = 0;
    const auto [stopped, error] =
        std::from_chars(number.data(), end, exponent, std::chars_format::fixed);
    if (error == std::errc{} && stopped == end && exponent > 0 && exponent <= 10) {
      return Distribution{Kind::zipf, exponent};
    }
  }
  return fail(
      Errc::invalid_argument,
      fmt::format("'{}' is not a distribution: expected uniform, sequential, trace:FILE, or "
                  "zipf:S with an exponent S above 0 and up to 10, such as zipf:0.99",
                  text));
}

std::string to_string(const Distribution& distribution) {
  switch (distribution.kind) {
    case Distribution::Kind::uniform:
      return "uniform";
    case Distribution::Kind::sequential:
      return "sequential";
    case Distribution::Kind::trace:
      return "trace:" + distribution.trace;
    case Distribution::Kind::zipf:
      break;
  }
  return fmt::format("zipf:{}", distribution.exponent);
}

KeyPicker::KeyPicker(const Distribution& distribution, std::uint64_t keys, std::uint64_t first)
    : keys_(keys),
      position_(first % keys),
      sequential_(distribution.kind == Distribution::Kind::sequential) {
  if (distribution.kind == Distribution::Kind::zipf) zipf_.emplace(keys, distribution.exponent);
}

std::uint64_t KeyPicker::next(Random& random) {
  if (zipf_) return (*zipf_)(random)-1;
  if (!sequential_) return random.below(keys_);
  const std::uint64_t key = position_;
  position_ = (position_ + 1) % keys_;
  return key;
}

}  // namespace cachekit::cli
