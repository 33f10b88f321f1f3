#pragma once

#include <cachekit/entity.hpp>

#include <exception>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace cachekit {

/// Stores a type as JSON through nlohmann's `to_json` and `from_json`. Opt-in: no other header of
/// cachekit includes this one; a program that does needs nlohmann's library (nlohmann-json3-dev).
///
/// Errors: `decode` for text that is no JSON or does not fit the type.
template <typename T>
struct JsonCodec {
  static constexpr CodecId id = CodecId::json;

  /// Throws what nlohmann throws, for text that is not UTF-8 among others.
  [[nodiscard]] static std::string encode(const T& value) { return nlohmann::json(value).dump(); }

  [[nodiscard]] static Result<T> decode(std::string_view bytes) {
    try {
      return nlohmann::json::parse(bytes.begin(), bytes.end()).template get<T>();
    } catch (const std::exception& problem) {
      return fail(Errc::decode, problem.what());
    }
  }
};

}  // namespace cachekit
