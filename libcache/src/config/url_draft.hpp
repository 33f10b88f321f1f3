#pragma once

#include "config/url_parts.hpp"

#include <cachekit/config.hpp>

#include <span>
#include <string>
#include <string_view>

namespace cachekit::config {

/// A parameter after the `?` of a URL, and the option that it sets.
struct UrlParameter {
  std::string_view name;
  std::string_view key;
};

/// Settings while a URL is applied to them, and where its values are said to come from.
/// Lifetime: origin and environment outlive it.
class UrlDraft {
 public:
  UrlDraft(const Settings& settings, const std::string& origin, const Environment& environment)
      : settings_(settings), origin_(origin), environment_(environment) {}

  /// Sets an option. Errors: as of `apply_option`.
  [[nodiscard]] Result<void> put(std::string_view key, std::string_view text);
  /// Errors: `invalid_argument` for a parameter that is not among these, or stands there twice.
  [[nodiscard]] Result<void> put_query(const UrlParts& parts, std::span<const UrlParameter> known);
  /// Credentials out of a file are meant for the host that the file names, not for this one.
  [[nodiscard]] Result<void> put_credentials(const UrlParts& parts);
  /// What is wrong with the URL.
  [[nodiscard]] tl::unexpected<Error> refuse(std::string_view what, std::string hint) const;

  [[nodiscard]] Settings& settings() noexcept { return settings_; }

 private:
  [[nodiscard]] Result<void> unknown_parameter(std::string_view name,
                                               std::span<const UrlParameter> known) const;

  Settings settings_;
  const std::string& origin_;
  const Environment& environment_;
};

}  // namespace cachekit::config
