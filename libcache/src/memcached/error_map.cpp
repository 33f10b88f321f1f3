#include "memcached/error_map.hpp"

#include <array>

#include <fmt/format.h>

namespace cachekit::memcached {
namespace {

// What servers are known to say, told apart by a part of it; the first row that fits counts. Texts
// are those of memcached's proto_text.c, items.c and of the proxies that speak for it.
struct Row {
  std::string_view part;
  Errc code;
  std::string_view hint;
};

constexpr std::array rows = {
    Row{"object too large", Errc::too_large, "store less, or raise the server's -I"},
    Row{"out of memory", Errc::rejected, "raise the server's -m, or store less"},
    Row{"non-numeric value", Errc::rejected, "increment works on decimal values only"},
    Row{"unauthenticated", Errc::rejected, "the server wants a login, which is not supported"},
    Row{"Too many open connections", Errc::unavailable,
        "raise the server's -c, or lower max_connections"},
    Row{"not allowed", Errc::rejected, "the server was started with this command switched off"},
    Row{"SERVER_ERROR", Errc::rejected, ""},
};

}  // namespace

bool is_error_line(std::string_view line) noexcept {
  if (line.size() < 5) return false;  // "HD", "EN": most replies.
  return line == "ERROR" || line.starts_with("ERROR ") || line.starts_with("CLIENT_ERROR") ||
         line.starts_with("SERVER_ERROR");
}

bool is_unknown_command(std::string_view line) noexcept {
  if (line == "ERROR") return true;
  return line.starts_with("CLIENT_ERROR") && server_error(line).code == Errc::protocol;
}

Error server_error(std::string_view line) {
  const std::string message = fmt::format("the server answered \"{}\"", printable(line));
  for (const Row& row : rows) {
    if (line.find(row.part) != std::string_view::npos) {
      return {row.code, message, {}, std::string(row.hint)};
    }
  }
  return {Errc::protocol, message, {}, "check that the server is memcached, 1.4 or later"};
}

std::string printable(std::string_view text) {
  constexpr std::size_t longest = 120;
  std::string shown(text.substr(0, longest));
  for (char& c : shown) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  if (text.size() > longest) shown += "...";
  return shown;
}

}  // namespace cachekit::memcached
