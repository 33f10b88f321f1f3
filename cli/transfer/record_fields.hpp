#pragma once

#include "transfer/record_reader.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cachekit::cli {

/// A field of this ending holds base64 of the one without it.
inline constexpr std::string_view base64_suffix = "_base64";

/// Collects the fields of one record, whatever the format, and says what is wrong with them.
class RecordFields {
 public:
  explicit RecordFields(const FieldNames& names) : names_(names) {}

  enum class Field : std::uint8_t { key, value, ttl, other };
  [[nodiscard]] Field field(std::string_view name) const;

  void set_text(std::string_view name, std::string text);
  /// A TTL as it was written: "90s", "none", or a number of the unit that was agreed upon.
  void set_ttl(std::string_view text);
  /// Keeps the first problem.
  void set_problem(std::string problem);

  [[nodiscard]] Row finish(std::uint64_t line) &&;

 private:
  const FieldNames& names_;
  std::optional<std::string> key_;
  std::optional<std::string> value_;
  std::optional<Ttl> ttl_;
  std::string problem_;
};

}  // namespace cachekit::cli
