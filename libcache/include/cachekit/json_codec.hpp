#pragma once

#include <cachekit/entity.hpp>

#include <cmath>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace cachekit {

/// Stores a type as JSON through nlohmann's `to_json` and `from_json`. Opt-in: no other header of
/// cachekit includes this one; a program that does needs nlohmann's library (nlohmann-json3-dev).
///
/// Errors: `decode` for text that is no JSON or does not fit the type. JSON has no word for a NaN,
/// an infinity or raw bytes: `encode` throws `std::invalid_argument` for them.
template <typename T>
struct JsonCodec {
  static constexpr CodecId id = CodecId::json;

  /// Throws also what nlohmann throws, for text that is not UTF-8 among others.
  [[nodiscard]] static std::string encode(const T& value) {
    const nlohmann::json tree(value);
    require_sayable(tree);
    return tree.dump();
  }

  [[nodiscard]] static Result<T> decode(std::string_view bytes) {
    try {
      return nlohmann::json::parse(bytes.begin(), bytes.end()).template get<T>();
    } catch (const std::exception& problem) {
      return fail(Errc::decode, problem.what());
    }
  }

 private:
  // nlohmann would write null, or an object, in the place of these.
  static void require_sayable(const nlohmann::json& tree) {
    if (tree.is_number_float() && !std::isfinite(tree.template get<double>())) {
      throw std::invalid_argument("JSON has no word for a number that is not finite");
    }
    if (tree.is_binary()) throw std::invalid_argument("JSON has no word for raw bytes");
    if (!tree.is_structured()) return;
    for (const nlohmann::json& part : tree) require_sayable(part);
  }
};

}  // namespace cachekit
