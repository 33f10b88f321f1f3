#pragma once

#include <cachekit/error.hpp>

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace cachekit::cli {

using Json = nlohmann::ordered_json;

/// Sets `name` to the bytes as text, or `name_base64` where they are not UTF-8.
void put_bytes(Json& object, const std::string& name, std::string_view bytes);

/// {"code", "message", "endpoint"}, or null.
[[nodiscard]] Json json_of(const Error& error);

/// One line of JSON without a control character in it; bytes that are not UTF-8 (in a server's
/// words) are replaced, never thrown at.
[[nodiscard]] std::string dump(const Json& json);

}  // namespace cachekit::cli
