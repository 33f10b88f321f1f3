#include "transfer/left_out.hpp"

#include "transfer/encoding.hpp"

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

constexpr std::size_t most_named = 10;
constexpr std::size_t longest_name = 200;  // Of a longer key its start is shown.
constexpr std::size_t key_start = 60;

// What Redis says of a key that holds a list, a hash and the like.
bool is_other_type(const Error& error) { return error.message.starts_with("WRONGTYPE"); }

std::string why_left_out(const Error& error) {
  return is_other_type(error) ? "holds something else than a string" : error.message;
}

}  // namespace

bool blames_item(const Error& error) noexcept {
  switch (error.code) {
    case Errc::invalid_argument:
    case Errc::too_large:
    case Errc::rejected:
    case Errc::decode:
      return true;
    default:
      return false;
  }
}

void LeftOut::add(std::string_view key, const Error& error) {
  if (hint_.empty() && !is_other_type(error)) hint_ = error.hint;
  if (++count_ > most_named) return;
  if (key.size() > longest_name) {
    named_.push_back(fmt::format("'{}...', of {} bytes ({})",
                                 is_utf8(key) ? key.substr(0, key_start) : std::string_view(),
                                 key.size(), why_left_out(error)));
    return;
  }
  const std::string shown = is_utf8(key) ? fmt::format("'{}'", key) : "base64:" + to_base64(key);
  named_.push_back(fmt::format("{} ({})", shown, why_left_out(error)));
}

std::string LeftOut::text() const {
  std::string text;
  for (const std::string& one : named_) text += (text.empty() ? "" : ", ") + one;
  if (count_ > named_.size()) text += fmt::format(", and {} more", count_ - named_.size());
  return text;
}

}  // namespace cachekit::cli
