#include "config/url_draft.hpp"

#include "config/apply.hpp"
#include "config/option_table.hpp"
#include "config/text.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace cachekit::config {

Result<void> UrlDraft::put(std::string_view key, std::string_view text) {
  return apply_option(settings_, *find_option(key), text, origin_, environment_);
}

tl::unexpected<Error> UrlDraft::refuse(std::string_view what, std::string hint) const {
  return fail(Errc::invalid_argument, fmt::format("{}: {}", origin_, what), {}, std::move(hint));
}

Result<void> UrlDraft::put_query(const UrlParts& parts, std::span<const UrlParameter> known) {
  std::vector<std::string_view> seen;
  for (const auto& [name, value] : parts.query) {
    const auto found = std::ranges::find(known, name, &UrlParameter::name);
    if (found == known.end()) return unknown_parameter(name, known);
    if (std::ranges::find(seen, found->name) != seen.end()) {
      return refuse(fmt::format("query parameter {} is given twice", in_quotes(name)), "drop one");
    }
    seen.push_back(found->name);
    if (Result<void> done = put(found->key, value); !done) return done;
  }
  return {};
}

Result<void> UrlDraft::put_credentials(const UrlParts& parts) {
  for (const std::string_view key : {"redis.username", "redis.password", "redis.password_file"}) {
    if (!file_of_origin(origin_of(settings_, key)).empty()) clear_option(settings_, key);
  }
  if (parts.username) {
    if (Result<void> done = put("redis.username", *parts.username); !done) return done;
  }
  return parts.password ? put("redis.password", *parts.password) : Result<void>();
}

Result<void> UrlDraft::unknown_parameter(std::string_view name,
                                         std::span<const UrlParameter> known) const {
  std::vector<std::string> names;
  for (const UrlParameter& parameter : known) names.emplace_back(parameter.name);
  const std::string near = nearest(name, names);
  return refuse(fmt::format("unknown query parameter {}", in_quotes(name)),
                near.empty() ? fmt::format("known here are {}", joined(names))
                             : fmt::format("did you mean {}?", near));
}

}  // namespace cachekit::config
