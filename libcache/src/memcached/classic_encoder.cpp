#include "memcached/dialect.hpp"
#include "memcached/key.hpp"
#include "memcached/line_writer.hpp"

namespace cachekit::memcached {
namespace {

std::string_view store_name(SetCondition condition) {
  switch (condition) {
    case SetCondition::if_absent:
      return "add ";
    case SetCondition::if_present:
      return "replace ";
    case SetCondition::always:
      break;
  }
  return "set ";
}

}  // namespace

Result<void> encode_classic(const Command& command, std::string& out) {
  if (needs_base64(command.key)) {
    return fail(Errc::invalid_argument,
                "the key has spaces or control bytes, which this server's protocol cannot carry",
                {}, "leave them out of the key, or use memcached 1.6 or later");
  }
  if (command.verb == Verb::remaining_ttl) {
    return fail(Errc::unsupported, "this server's protocol does not tell remaining TTLs", {},
                "use memcached 1.6 or later");
  }
  if (command.versioned || command.version != 0) {
    return fail(Errc::unsupported, "this server's protocol does not tell a counter's version", {},
                "use memcached 1.6 or later");
  }
  LineWriter line(out, command.key.size() + command.value.size());
  switch (command.verb) {
    case Verb::get:
    case Verb::inspect:
    case Verb::exists:
      line << "get " << command.key << "\r\n";
      break;
    case Verb::remove:
      line << "delete " << command.key << "\r\n";
      break;
    case Verb::touch:
      line << "touch " << command.key << " " << command.expiry << "\r\n";
      break;
    case Verb::increment:
      line << (command.delta < 0 ? "decr " : "incr ") << command.key << " "
           << magnitude(command.delta) << "\r\n";
      break;
    default:
      line << store_name(command.condition) << command.key << " 0 " << command.expiry << " "
           << command.value.size() << "\r\n"
           << command.value << "\r\n";
      break;
  }
  return {};
}

}  // namespace cachekit::memcached
