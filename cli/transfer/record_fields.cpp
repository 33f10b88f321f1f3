#include "transfer/record_fields.hpp"

#include "core/bare_number.hpp"
#include "transfer/encoding.hpp"
#include "transfer/ttl_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

// NAME or NAME_base64.
bool names_field(std::string_view name, std::string_view field) {
  return name.starts_with(field) &&
         (name.size() == field.size() || name.substr(field.size()) == base64_suffix);
}

// In any letter case: one that is passed over would let the record live for ever.
bool is_ttl(std::string_view name) {
  return std::ranges::equal(name, std::string_view("ttl"), [](char given, char small) {
    return given == small || given == small - 'a' + 'A';
  });
}

// 1e3 as 1000, where it is a whole number: as programs write numbers that they do not look at.
std::string plain(std::string_view text) {
  std::string number(text);
  constexpr std::string_view digits_and_exponent = "0123456789.eE+-";
  if (number.find_first_of("eE") == std::string::npos ||
      number.find_first_not_of(digits_and_exponent) != std::string::npos) {
    return number;
  }
  constexpr double exact = 1e15;
  char* end = nullptr;
  const double value = std::strtod(number.c_str(), &end);
  const bool whole = *end == '\0' && value >= 0 && value < exact && std::floor(value) == value;
  return whole ? fmt::format("{:.0f}", value) : number;
}

}  // namespace

RecordFields::Field RecordFields::field(std::string_view name) const {
  if (names_field(name, names_.key)) return Field::key;
  if (names_field(name, names_.value)) return Field::value;
  return is_ttl(name) ? Field::ttl : Field::other;
}

void RecordFields::set_text(std::string_view name, std::string text) {
  const Field kind = field(name);
  if (kind == Field::other) return;
  if (kind == Field::ttl) return set_ttl(text);

  const std::string& plain_name = kind == Field::key ? names_.key : names_.value;
  std::optional<std::string>& target = kind == Field::key ? key_ : value_;
  if (target) return set_problem(fmt::format("'{}' is given twice", plain_name));
  if (name.size() != plain_name.size()) {
    std::optional<std::string> bytes = from_base64(text);
    if (!bytes) return set_problem(fmt::format("'{}' is not base64", name));
    text = std::move(*bytes);
  }
  target = std::move(text);
}

void RecordFields::set_ttl(std::string_view text) {
  if (text.empty()) return;  // An empty cell of a table.
  std::string spelled = plain(text);
  if (core::is_bare_number(spelled)) {
    if (names_.ttl_unit.empty()) {
      const bool seconds_fit = parse_ttl(spelled + "s").has_value();
      const std::string advice = seconds_fit ? fmt::format("write {}s, or ", spelled) : "";
      return set_problem(fmt::format(
          "'ttl': {} has no unit: {}say with --ttl-unit what such numbers mean", spelled, advice));
    }
    spelled += names_.ttl_unit;
  }
  const Result<Ttl> ttl = parse_ttl(spelled);
  if (!ttl) {
    const std::string hint = ttl.error().hint.empty() ? "" : "; " + ttl.error().hint;
    return set_problem(fmt::format("'ttl': {}{}", ttl.error().message, hint));
  }
  ttl_ = *ttl;
}

void RecordFields::set_problem(std::string problem) {
  if (problem_.empty()) problem_ = std::move(problem);
}

Row RecordFields::finish(std::uint64_t line) && {
  if (!key_) set_problem(fmt::format("no field '{}'", names_.key));
  if (!value_) set_problem(fmt::format("no field '{}'", names_.value));
  if (key_ && key_->empty()) set_problem("the key is empty");
  Row row;
  row.line = line;
  row.problem = std::move(problem_);
  if (row.problem.empty()) row.record = {std::move(*key_), std::move(*value_), ttl_};
  return row;
}

}  // namespace cachekit::cli
