#include "memcached/dialect.hpp"
#include "memcached/key.hpp"

#include <fmt/format.h>

namespace cachekit::memcached {
namespace {

std::string_view store_name(SetCondition condition) {
  switch (condition) {
    case SetCondition::if_absent:
      return "add";
    case SetCondition::if_present:
      return "replace";
    case SetCondition::always:
      break;
  }
  return "set";
}

}  // namespace

Result<void> encode_classic(const Command& command, std::string& out) {
  if (needs_base64(command.key)) {
    return fail(Errc::invalid_argument,
                "the key has spaces or control bytes, which this server's protocol cannot carry",
                {}, "leave them out of the key, or use memcached 1.6 or later");
  }
  const auto append = [&](std::string_view name, std::string_view rest) {
    out.append(name).append(1, ' ').append(command.key).append(rest).append("\r\n");
  };
  switch (command.verb) {
    case Verb::get:
    case Verb::exists:
      append("get", "");
      break;
    case Verb::remove:
      append("delete", "");
      break;
    case Verb::touch:
      append("touch", fmt::format(" {}", command.expiry));
      break;
    case Verb::increment:
      append(command.delta < 0 ? "decr" : "incr", fmt::format(" {}", magnitude(command.delta)));
      break;
    case Verb::store:
      append(store_name(command.condition),
             fmt::format(" 0 {} {}", command.expiry, command.value.size()));
      out.append(command.value).append("\r\n");
      break;
    default:
      return fail(Errc::unsupported, "this server's protocol does not tell remaining TTLs", {},
                  "use memcached 1.6 or later");
  }
  return {};
}

}  // namespace cachekit::memcached
