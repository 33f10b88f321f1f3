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

// There is no delete of one version: an entry that has expired is stored in its place.
void write_classic_remove(const Command& command, LineWriter& line) {
  if (command.version == 0) {
    line << "delete " << command.key << "\r\n";
  } else {
    line << "cas " << command.key << " 0 -1 0 " << command.version << "\r\n\r\n";
  }
}

void write_classic_store(const Command& command, LineWriter& line) {
  const bool versioned = command.version != 0;
  line << (versioned ? "cas " : store_name(command.condition)) << command.key << " 0 "
       << command.expiry << " " << command.value.size();
  if (versioned) line << " " << command.version;
  line << "\r\n" << command.value << "\r\n";
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
  if (command.verb == Verb::increment && (command.versioned || command.version != 0)) {
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
    case Verb::gets:
      line << "gets " << command.key << "\r\n";
      break;
    case Verb::remove:
      write_classic_remove(command, line);
      break;
    case Verb::touch:
      line << "touch " << command.key << " " << command.expiry << "\r\n";
      break;
    case Verb::increment:
      line << (command.delta < 0 ? "decr " : "incr ") << command.key << " "
           << magnitude(command.delta) << "\r\n";
      break;
    default:
      write_classic_store(command, line);
      break;
  }
  return {};
}

}  // namespace cachekit::memcached
