#include "memcached/server_list.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include <fmt/format.h>

namespace cachekit::memcached {
namespace {

constexpr std::uint16_t default_port = 11211;
constexpr std::size_t max_host_bytes = 253;         // RFC 1035, without the root's dot.
constexpr std::size_t max_socket_path_bytes = 107;  // sockaddr_un::sun_path, with its final 0.
constexpr std::uint32_t max_weight = 1'000'000;

auto bad_entry(std::string_view entry, std::string_view why) {
  return fail(Errc::invalid_argument, fmt::format("memcached server \"{}\": {}", entry, why), {},
              "write host, host:port, host:port:weight, [v6]:port or /path/of/a.socket");
}

std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t highest) {
  std::uint32_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || number == 0 || number > highest) return std::nullopt;
  return number;
}

bool is_host_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7f && c != '[' && c != ']' && c != '/' && c != ',' && c != '@';
}

// What follows the host: "", ":port" or ":port:weight".
Result<Server> parse_tail(std::string_view entry, std::string_view host, std::string_view tail) {
  if (host.empty()) return bad_entry(entry, "the host is empty");
  if (host.size() > max_host_bytes || !std::ranges::all_of(host, is_host_character)) {
    return bad_entry(entry, "this is not a host name or address");
  }
  Server server{.address = {.host = std::string(host), .port = default_port}};
  if (tail.empty()) return server;
  tail.remove_prefix(1);
  const std::size_t colon = tail.find(':');
  const auto port = parse_number(tail.substr(0, colon), 65535);
  if (!port) return bad_entry(entry, "the port must be a number from 1 to 65535");
  server.address.port = static_cast<std::uint16_t>(*port);
  if (colon == std::string_view::npos) return server;
  const auto weight = parse_number(tail.substr(colon + 1), max_weight);
  if (!weight) return bad_entry(entry, "the weight must be a number from 1 to 1000000");
  server.weight = *weight;
  return server;
}

Result<Server> parse_server(std::string_view entry) {
  if (entry.empty()) return bad_entry(entry, "the entry is empty");
  if (entry.front() == '/') {
    if (entry.size() > max_socket_path_bytes || entry.find('\0') != std::string_view::npos) {
      return bad_entry(entry, "a socket's path has at most 107 bytes, none of them 0");
    }
    return Server{.address = {.path = std::string(entry)}};
  }
  if (entry.front() == '[') {
    const std::size_t close = entry.find(']');
    if (close == std::string_view::npos) return bad_entry(entry, "a closing bracket is missing");
    const std::string_view tail = entry.substr(close + 1);
    if (!tail.empty() && tail.front() != ':') {
      return bad_entry(entry, "after the bracket there must be :port or nothing");
    }
    return parse_tail(entry, entry.substr(1, close - 1), tail);
  }
  if (std::ranges::count(entry, ':') > 2) {
    return bad_entry(entry, "too many colons; an IPv6 address stands in brackets");
  }
  const std::size_t colon = std::min(entry.find(':'), entry.size());
  return parse_tail(entry, entry.substr(0, colon), entry.substr(colon));
}

}  // namespace

Result<std::vector<Server>> parse_servers(std::span<const std::string> entries) {
  if (entries.empty()) {
    return fail(Errc::invalid_argument, "no memcached server is named", {},
                "name at least one, such as MEMCACHED_SERVERS=localhost:11211");
  }
  std::vector<Server> servers;
  servers.reserve(entries.size());
  for (const std::string& entry : entries) {
    Result<Server> server = parse_server(entry);
    if (!server) return fail(std::move(server).error());
    const auto same = [&](const Server& other) { return other.address == server->address; };
    if (std::ranges::any_of(servers, same)) {
      return bad_entry(entry, "this server is named twice; give it a weight instead");
    }
    servers.push_back(*std::move(server));
  }
  return servers;
}

}  // namespace cachekit::memcached
