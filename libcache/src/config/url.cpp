// Backend URLs. One that cannot be understood to its last letter is refused: a part that was
// passed over in silence could mean another server, another database or no encryption.

#include "config/url.hpp"

#include "config/backends/registry.hpp"
#include "config/text.hpp"
#include "config/url_draft.hpp"
#include "config/url_parts.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace cachekit {
namespace config {
namespace {

constexpr std::array<std::string_view, 4> later_schemes{"rediss", "redis+cluster", "rediss+cluster",
                                                        "redis+sentinel"};

using Apply = decltype(backends::UrlScheme::apply);

// "memory:, redis:// and memcached://".
std::string known_schemes() {
  std::vector<std::string_view> forms;
  for (const backends::BackendType* type : backends::all()) {
    for (const backends::UrlScheme& scheme : type->schemes) forms.push_back(scheme.form);
  }
  const std::string_view last = forms.back();
  forms.pop_back();
  return fmt::format("{} and {}", fmt::join(forms, ", "), last);
}

Result<Apply> find_scheme(std::string_view url, const std::string& origin) {
  const std::string scheme = url_scheme(url);
  for (const backends::BackendType* type : backends::all()) {
    const auto found = std::ranges::find(type->schemes, scheme, &backends::UrlScheme::name);
    if (found != type->schemes.end()) return found->apply;
  }
  if (std::ranges::find(later_schemes, scheme) != later_schemes.end()) {
    return fail(Errc::invalid_argument,
                fmt::format("{}: {}:// is not yet supported", origin, scheme), {},
                scheme == "rediss" ? "TLS comes later; nothing is ever sent in plain text instead"
                                   : "clusters and sentinels come later; name one server");
  }
  // Without "//" the text before the colon may be anything, a password too.
  const bool shown = !scheme.empty() && url.substr(scheme.size()).starts_with("://");
  return fail(Errc::invalid_argument,
              shown ? fmt::format("{}: unknown scheme {}", origin, in_quotes(scheme))
                    : fmt::format("{}: this is not a backend URL", origin),
              {}, fmt::format("the schemes are {}", known_schemes()));
}

}  // namespace

Result<void> apply_url(Settings& settings, std::string_view url, const std::string& origin,
                       const Environment& environment) {
  const Result<Apply> apply = find_scheme(url, origin);
  if (!apply) return fail(apply.error());
  UrlDraft draft(settings, origin, environment);
  const Result<UrlParts> parts = split_url(url);
  if (!parts) return draft.refuse(parts.error().message, parts.error().hint);
  if (Result<void> done = (*apply)(draft, *parts); !done) return done;
  settings = std::move(draft.settings());
  return {};
}

}  // namespace config

Result<void> apply_url(Settings& settings, std::string_view url, std::string_view origin) {
  return config::apply_url(settings, url, std::string(origin), process_environment());
}

}  // namespace cachekit
