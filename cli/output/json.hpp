#pragma once

#include <cachekit/error.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace cachekit::cli {

/// JSON to be written, not read: null, a truth value, a number, text, an array or an object whose
/// fields keep their order. Only a holder: nlohmann's library writes it (`dump`), whose header
/// would cost seconds to compile in each of the many commands that say something in JSON.
///
/// Example: `Json line{{"key", "k"}, {"found", true}};  line["ttl_ms"] = nullptr;`
class Json {
 public:
  Json() = default;  ///< Null.
  Json(std::nullptr_t) {}
  template <std::same_as<bool> Bool>
  Json(Bool value) : value_(value) {}
  template <std::signed_integral Integer>
  Json(Integer value) : value_(std::int64_t{value}) {}
  template <std::unsigned_integral Integer>
  requires(!std::same_as<Integer, bool>) Json(Integer value) : value_(std::uint64_t{value}) {}
  Json(double value) : value_(value) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(const std::vector<std::string>& values);
  /// An object where all values are pairs that begin with a text, else an array.
  Json(std::initializer_list<Json> values);

  [[nodiscard]] static Json array();
  [[nodiscard]] static Json object();

  /// The field of an object, added if it is not there; null becomes an object.
  Json& operator[](std::string_view name);
  /// Sets the fields of another object.
  void update(const Json& other);
  /// Null becomes an array.
  void push_back(Json value);

  /// The truth value or text that it is; null where it is neither.
  [[nodiscard]] const bool* as_bool() const noexcept { return std::get_if<bool>(&value_); }
  [[nodiscard]] const std::string* as_text() const noexcept {
    return std::get_if<std::string>(&value_);
  }

  /// Calls `visitor` with what it is: one of the alternatives of `value_`.
  template <typename Visitor>
  [[nodiscard]] auto visit(const Visitor& visitor) const {
    return std::visit(visitor, value_);
  }

 private:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;

  [[nodiscard]] bool is_field() const noexcept;

  std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Array,
               Object>
      value_;
};

/// Null where there is no value.
template <typename T>
[[nodiscard]] Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

/// Sets `name` to the bytes as text, or `name_base64` where they are not UTF-8.
void put_bytes(Json& object, const std::string& name, std::string_view bytes);

/// {"code", "message", "endpoint"}, or null.
[[nodiscard]] Json json_of(const Error& error);

/// One line of JSON without a control character in it; bytes that are not UTF-8 (in a server's
/// words) are replaced, never thrown at.
[[nodiscard]] std::string dump(const Json& json);

}  // namespace cachekit::cli
