#include "output/json.hpp"

#include "data/encoding.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD.

// Writes the longest part of `text` that is UTF-8 from its begin on; the rest is one bad byte more.
std::string as_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t length = 1;
    while (length <= 4 && length <= text.size() && !is_utf8(text.substr(0, length))) ++length;
    const bool good = length <= 4 && length <= text.size();
    out += good ? text.substr(0, length) : replacement;
    text.remove_prefix(good ? length : 1);
  }
  return out;
}

void append_text(std::string& out, std::string_view text) {
  if (!is_utf8(text)) return append_text(out, as_utf8(text));
  out += '"';
  for (const char c : text) {
    constexpr std::string_view escaped = "\"\\\b\f\n\r\t";
    constexpr std::string_view letters = "\"\\bfnrt";
    if (const std::size_t at = escaped.find(c); at != std::string_view::npos) {
      out += '\\';
      out += letters[at];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", c);
    } else {
      out += c;
    }
  }
  out += '"';
}

// The shortest number that reads back as the same; a whole one is told from an integer.
void append_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  std::array<char, 32> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

struct Appender {
  std::string& out;

  void operator()(std::nullptr_t) const { out += "null"; }
  void operator()(bool value) const { out += value ? "true" : "false"; }
  void operator()(std::int64_t value) const { out += std::to_string(value); }
  void operator()(std::uint64_t value) const { out += std::to_string(value); }
  void operator()(double value) const { append_number(out, value); }
  void operator()(const std::string& value) const { append_text(out, value); }
  void operator()(const std::vector<Json>& values) const {
    out += '[';
    for (const Json& value : values) {
      if (&value != &values.front()) out += ',';
      value.append_to(out);
    }
    out += ']';
  }
  void operator()(const std::vector<std::pair<std::string, Json>>& fields) const {
    out += '{';
    for (const auto& field : fields) {
      if (&field != &fields.front()) out += ',';
      append_text(out, field.first);
      out += ':';
      field.second.append_to(out);
    }
    out += '}';
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

void Json::append_to(std::string& out) const { std::visit(Appender{out}, value_); }

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
  std::string out;
  json.append_to(out);
  return out;
}

}  // namespace cachekit::cli
