#include "config/option_values.hpp"

#include "config/backends/registry.hpp"
#include "config/text.hpp"
#include "memcached/server_list.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>

#include <fmt/format.h>
#include <sys/un.h>

namespace cachekit::config {
namespace {

tl::unexpected<Error> refuse(std::string_view expected) {
  return fail(Errc::invalid_argument, fmt::format("expected {}", expected));
}

tl::unexpected<Error> refuse(std::string_view expected, std::string_view text) {
  return fail(Errc::invalid_argument,
              fmt::format("expected {}, not {}", expected, in_quotes(text)));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_address_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}

bool is_ipv6(std::string_view host) {
  const std::string_view address = host.substr(0, host.find('%'));  // Without the zone.
  return std::ranges::count(address, ':') >= 2 &&
         std::ranges::all_of(address, is_address_character);
}

bool is_host_character(char c) {
  return c > ' ' && c != '\x7f' &&
         std::string_view("/@[]:,?#\\\"'").find(c) == std::string_view::npos;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }

}  // namespace

Result<std::uint64_t> parse_whole(std::string_view text, std::uint64_t low, std::uint64_t high) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc{} && stop == end && number >= low && number <= high) return number;
  const std::string expected = fmt::format("a number from {} to {}", low, high);
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  // A word in the place of a number may be a password that slipped.
  return std::ranges::all_of(digits, is_digit) ? refuse(expected, text) : refuse(expected);
}

Result<bool> parse_boolean(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return refuse("true or false", text);
}

Result<std::chrono::milliseconds> parse_budget(std::string_view text) {
  if (text == "forever") return forever;
  const Result<std::chrono::milliseconds> parsed = parse_duration(text);
  if (!parsed) {
    auto refused = refuse("a duration such as 500ms, 5s or 1m30s, or forever", text);
    refused.value().hint = parsed.error().hint;
    return refused;
  }
  if (parsed->count() == 0) return refuse("more than zero; no limit is spelled forever", text);
  return *parsed;
}

Result<Bytes> parse_size(std::string_view text, Bytes low, Bytes high) {
  const Result<Bytes> parsed = parse_bytes(text);
  if (!parsed) return refuse("a size such as 64MiB, or a number of bytes", text);
  if (*parsed >= low && *parsed <= high) return *parsed;
  return refuse(fmt::format("a size from {} to {}", exact_size(low), exact_size(high)), text);
}

Result<BackendKind> parse_backend(std::string_view text) {
  if (const std::optional<BackendKind> kind = backends::find(lower(text))) return *kind;
  return refuse(backends::names(), text);
}

Result<EvictionPolicy> parse_policy(std::string_view text) {
  Result<EvictionPolicy> parsed = parse_eviction_policy(lower(text));
  if (!parsed) return refuse("adaptive, lru or fifo", text);
  return parsed;
}

Result<std::string> parse_host(std::string_view text) {
  constexpr std::size_t longest = 253;  // RFC 1035, section 2.3.4, without the root's dot.
  const bool bracketed = text.starts_with('[') && text.ends_with(']');
  if (bracketed) text = text.substr(1, text.size() - 2);
  if (is_ipv6(text)) return std::string(text);
  if (bracketed) return refuse("an IPv6 address between the brackets");
  if (text.empty() || text.size() > longest || !std::ranges::all_of(text, is_host_character)) {
    return refuse("a host name or an address, without user, port or path");
  }
  return std::string(text);
}

Result<std::string> parse_path(std::string_view text) {
  if (std::ranges::any_of(text, is_control)) return refuse("a path without control characters");
  // A URL in the wrong place: its password would end up in names of files and in messages.
  if (text.find("://") != std::string_view::npos) return refuse("a path, not a URL");
  return std::string(text);
}

Result<std::string> parse_user(std::string_view text) {
  if (std::ranges::any_of(text, is_control)) return refuse("a name without control characters");
  return std::string(text);
}

Result<std::string> parse_socket_path(std::string_view text) {
  constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;  // Without its final 0.
  if (text.size() > longest) {
    return refuse(
        fmt::format("the path of a socket in at most {} bytes, not {}", longest, text.size()));
  }
  return parse_path(text);
}

Result<std::string> parse_word(std::string_view text) {
  if (std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; })) {
    return std::string(text);
  }
  return refuse("printable characters without blanks", text);
}

Result<std::vector<std::string>> parse_server_list(std::string_view text) {
  std::vector<std::string> servers = split_list(text);
  for (std::size_t i = 0; i < servers.size(); ++i) {
    if (memcached::parse_servers(std::span(servers).subspan(i, 1))) continue;
    return refuse(
        fmt::format("server number {} as host, host:port, host:port:weight, [v6]:port or "
                    "/path/of/a.socket, with ports from 1 to 65535",
                    i + 1));
  }
  if (!servers.empty() && !memcached::parse_servers(servers)) {
    return refuse("every server once; one is named twice");
  }
  return servers;
}

std::string exact_size(Bytes bytes) {
  std::string text = format_bytes(bytes);
  return parse_bytes(text) == bytes ? text : fmt::format("{}", bytes.count);
}

}  // namespace cachekit::config
