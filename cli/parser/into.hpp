#pragma once

#include <cachekit/error.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cachekit::cli {

/// Where the text of an argument goes. What it refuses is a usage error in its own words.
using Into = std::function<Result<void>(std::string_view text)>;

/// A switch: on when it stands there.
[[nodiscard]] Into switch_on(bool& flag);

/// Text as it was typed.
template <typename Text>
[[nodiscard]] Into text(Text& into) {
  return [&into](std::string_view given) -> Result<void> {
    into = std::string(given);
    return {};
  };
}

/// One text more.
[[nodiscard]] Into texts(std::vector<std::string>& into);

/// What `parse` makes of the text: a function that takes a text and gives a `Result`.
template <typename T, typename Parse>
[[nodiscard]] Into parsed(T& into, Parse parse) {
  return [&into, parse](std::string_view given) -> Result<void> {
    auto value = parse(given);
    if (!value) return fail(std::move(value).error());
    into = *std::move(value);
    return {};
  };
}

/// The same for an argument that may be given several times.
template <typename T, typename Parse>
[[nodiscard]] Into all_parsed(std::vector<T>& into, Parse parse) {
  return [&into, parse](std::string_view given) -> Result<void> {
    auto value = parse(given);
    if (!value) return fail(std::move(value).error());
    into.push_back(*std::move(value));
    return {};
  };
}

}  // namespace cachekit::cli
