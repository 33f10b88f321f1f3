#include "memcached/dialect.hpp"
#include "memcached/key.hpp"
#include "memcached/line_writer.hpp"

namespace cachekit::memcached {
namespace {

std::string_view mode_of(SetCondition condition) {
  switch (condition) {
    case SetCondition::if_absent:
      return " ME\r\n";
    case SetCondition::if_present:
      return " MR\r\n";
    case SetCondition::always:
      break;
  }
  return "\r\n";
}

// A key as the line shall have it, and the flag that says how it is spelt.
class Key {
 public:
  explicit Key(std::string_view key) : text_(key) {
    if (!needs_base64(key)) return;
    append_base64(key, spelling_);
    text_ = spelling_;
    flag_ = " b";
  }
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;

  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] std::string_view flag() const { return flag_; }

 private:
  std::string spelling_{};
  std::string_view text_;
  std::string_view flag_{};
};

void write_increment(const Command& command, const Key& key, LineWriter& line) {
  const bool down = command.delta < 0;
  line << "ma " << key.text() << key.flag();
  if (command.version != 0) {
    line << " C" << command.version;
  } else {
    line << " N0 J" << (down ? 0 : command.delta);
  }
  line << " D" << magnitude(command.delta) << (down ? " MD" : "") << (command.versioned ? " c" : "")
       << " v\r\n";
}

void write_store(const Command& command, const Key& key, LineWriter& line) {
  line << "ms " << key.text() << " " << command.value.size() << key.flag() << " T"
       << command.expiry;
  if (command.client_flags != 0) line << " F" << command.client_flags;
  if (command.version != 0) line << " C" << command.version;
  line << mode_of(command.condition) << command.value << "\r\n";
}

}  // namespace

void encode_meta(const Command& command, std::string& out) {
  const Key key(command.key);
  LineWriter line(out, key.text().size() + command.value.size());
  switch (command.verb) {
    case Verb::get:
      line << "mg " << key.text() << key.flag() << " v\r\n";
      break;
    case Verb::gets:
      line << "mg " << key.text() << key.flag() << " c v\r\n";
      break;
    case Verb::inspect:
      line << "mg " << key.text() << key.flag() << " c f t v\r\n";
      break;
    case Verb::exists:
      line << "mg " << key.text() << key.flag() << "\r\n";
      break;
    case Verb::remaining_ttl:
      line << "mg " << key.text() << key.flag() << " t\r\n";
      break;
    case Verb::touch:
      line << "mg " << key.text() << key.flag() << " T" << command.expiry << "\r\n";
      break;
    case Verb::remove:
      line << "md " << key.text() << key.flag();
      if (command.version != 0) line << " C" << command.version;
      line << "\r\n";
      break;
    case Verb::increment:
      write_increment(command, key, line);
      break;
    default:
      write_store(command, key, line);
      break;
  }
}

}  // namespace cachekit::memcached
