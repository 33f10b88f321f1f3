#include "config/url_parts.hpp"

#include "config/text.hpp"

#include <cachekit/config.hpp>

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace cachekit {
namespace config {
namespace {

tl::unexpected<Error> refuse_url(std::string message, std::string hint) {
  return fail(Errc::invalid_argument, std::move(message), {}, std::move(hint));
}

Error unencoded() {
  return {Errc::invalid_argument,
          "user and password: a character there must be percent-encoded",
          {},
          "write / as %2F, ? as %3F, # as %23, @ as %40"};
}

Result<void> split_user(UrlParts& parts, std::string_view user) {
  const std::size_t colon = user.find(':');
  Result<std::string> name = percent_decode(user.substr(0, colon), "user name");
  if (!name) return fail(std::move(name).error());
  if (!name->empty()) parts.username = *std::move(name);
  if (colon == std::string_view::npos) return {};
  Result<std::string> password = percent_decode(user.substr(colon + 1), "password");
  if (!password) return fail(std::move(password).error());
  if (!password->empty()) parts.password = *std::move(password);
  return {};
}

Result<void> split_query(UrlParts& parts, std::string_view query) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      if (pair.find('@') != std::string_view::npos) return fail(unencoded());
      return refuse_url("a query parameter is not NAME=VALUE", "write ?name=value&name=value");
    }
    Result<std::string> name = percent_decode(pair.substr(0, equals), "query");
    if (!name) return fail(std::move(name).error());
    Result<std::string> value = percent_decode(pair.substr(equals + 1), "query");
    if (!value) return fail(std::move(value).error());
    parts.query.emplace_back(*std::move(name), *std::move(value));
  }
  return {};
}

Result<void> split_authority(UrlParts& parts, std::string_view authority) {
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    if (Result<void> done = split_user(parts, authority.substr(0, at)); !done) return done;
    authority.remove_prefix(at + 1);
  }
  parts.authority = std::string(authority);
  return {};
}

}  // namespace

Result<std::string> percent_decode(std::string_view text, std::string_view part) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const std::string_view digits = text.substr(i + 1, 2);
    unsigned char byte = 0;
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || error != std::errc{} || stop != digits.data() + 2) {
      return refuse_url(fmt::format("{}: a % without two hexadecimal digits after it", part),
                        "write a literal % as %25");
    }
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

std::string url_scheme(std::string_view url) {
  const std::string_view scheme = url.substr(0, std::min(url.find(':'), url.size()));
  if (scheme.size() == url.size()) return {};
  const bool sound = std::ranges::all_of(scheme, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '.';
  });
  return sound ? lower(scheme) : std::string();
}

Result<UrlParts> split_url(std::string_view url) {
  UrlParts parts{.scheme = url_scheme(url)};
  std::string_view rest = url.substr(parts.scheme.size() + 1);
  if (rest.find('#') != std::string_view::npos) {
    return refuse_url("a '#' has no meaning here", "write a literal # as %23");
  }
  if (rest.starts_with("//")) {
    parts.has_authority = true;
    rest.remove_prefix(2);
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
    const std::string_view after = rest.substr(authority.size());
    const bool user_here = authority.find('@') != std::string_view::npos;
    // An '@' further on ends a password that holds a '/' or a '?': no path behind a host has one.
    const std::string_view path = after.substr(0, after.find('?'));
    const std::string_view suspect = user_here ? path : after;
    if (!authority.empty() && suspect.find('@') != std::string_view::npos) {
      return fail(unencoded());
    }
    if (Result<void> done = split_authority(parts, authority); !done) {
      return fail(std::move(done).error());
    }
    rest = after;
  }
  const std::size_t question = std::min(rest.find('?'), rest.size());
  Result<std::string> path = percent_decode(rest.substr(0, question), "path");
  if (!path) return fail(std::move(path).error());
  parts.path = *std::move(path);
  if (question < rest.size()) {
    Result<void> done = split_query(parts, rest.substr(question + 1));
    if (!done) return fail(std::move(done).error());
  }
  return parts;
}

}  // namespace config

bool has_password(std::string_view url) {
  const std::size_t start = url.find("//");
  const std::size_t at = url.rfind('@');
  if (start == std::string_view::npos || at == std::string_view::npos || at < start) return false;
  const std::string_view user = url.substr(start + 2, at - start - 2);
  const std::size_t colon = user.find(':');
  return colon != std::string_view::npos && colon + 1 < user.size();
}

}  // namespace cachekit
