#include "output/json.hpp"

#include "output/printable.hpp"
#include "transfer/encoding.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace cachekit::cli {
namespace {

using Library = nlohmann::ordered_json;

// The same as the library has it, which knows how text and numbers are written.
struct ToLibrary {
  template <typename Scalar>
  Library operator()(const Scalar& scalar) const {
    return scalar;
  }
  Library operator()(const std::vector<Json>& values) const {
    Library array = Library::array();
    for (const Json& value : values) array.push_back(value.visit(*this));
    return array;
  }
  Library operator()(const std::vector<std::pair<std::string, Json>>& fields) const {
    Library object = Library::object();
    for (const auto& [name, value] : fields) object[name] = value.visit(*this);
    return object;
  }
};

}  // namespace

Json::Json(const std::vector<std::string>& values) : value_(Array(values.begin(), values.end())) {}

Json::Json(std::initializer_list<Json> values) {
  if (!std::ranges::all_of(values, &Json::is_field)) {
    value_ = Array(values);
    return;
  }
  Object fields;
  for (const Json& value : values) {
    const Array& pair = *std::get_if<Array>(&value.value_);
    fields.emplace_back(*pair[0].as_text(), pair[1]);
  }
  value_ = std::move(fields);
}

bool Json::is_field() const noexcept {
  const Array* const array = std::get_if<Array>(&value_);
  return array != nullptr && array->size() == 2 && array->front().as_text() != nullptr;
}

Json Json::array() {
  Json json;
  json.value_ = Array();
  return json;
}

Json Json::object() {
  Json json;
  json.value_ = Object();
  return json;
}

Json& Json::operator[](std::string_view name) {
  if (!std::holds_alternative<Object>(value_)) value_ = Object();
  auto& fields = *std::get_if<Object>(&value_);
  const auto found = std::ranges::find(fields, name, &Object::value_type::first);
  if (found != fields.end()) return found->second;
  return fields.emplace_back(std::string(name), Json()).second;
}

void Json::update(const Json& other) {
  const auto* const fields = std::get_if<Object>(&other.value_);
  if (fields == nullptr) return;
  for (const auto& [name, value] : *fields) (*this)[name] = value;
}

void Json::push_back(Json value) {
  if (!std::holds_alternative<Array>(value_)) value_ = Array();
  std::get_if<Array>(&value_)->push_back(std::move(value));
}

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
  return escape_controls_in_json(
      json.visit(ToLibrary()).dump(-1, ' ', false, Library::error_handler_t::replace));
}

}  // namespace cachekit::cli
