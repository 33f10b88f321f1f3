#include "output/json.hpp"

#include "data/encoding.hpp"
#include "output/printable.hpp"

namespace cachekit::cli {

void put_bytes(Json& object, const std::string& name, std::string_view bytes) {
  if (is_utf8(bytes)) {
    object[name] = bytes;
  } else {
    object[name + "_base64"] = to_base64(bytes);
  }
}

Json json_of(const Error& error) {
  return {{"code", to_string(error.code)},
          {"message", error.message},
          {"endpoint", error.endpoint.empty() ? Json() : Json(error.endpoint)}};
}

std::string dump(const Json& json) {
  return escape_controls_in_json(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace cachekit::cli
