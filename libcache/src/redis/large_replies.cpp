#include "redis/large_replies.hpp"

#include "redis/command_table.hpp"
#include "redis/upper.hpp"

#include <algorithm>

namespace cachekit::redis {
namespace {

// Where the first key is, as far as it matters: a wrong guess costs some precision.
std::size_t place_of_key(const std::string& name, std::span<const std::string_view> arguments) {
  if (name == "XREAD" || name == "XREADGROUP") {
    const auto streams = std::ranges::find_if(arguments, [](std::string_view word) {
      return word.size() == 7 && upper(word) == "STREAMS";
    });
    return static_cast<std::size_t>(streams - arguments.begin()) + 1;
  }
  const bool script = name.starts_with("EVAL") || name.starts_with("FCALL");
  if (script) return arguments.size() > 3 ? 3 : 1;
  return has_subcommands(name) && arguments.size() > 2 ? 2 : 1;
}

}  // namespace

std::string label_of(std::span<const std::string_view> arguments) {
  std::string label = upper(arguments.front());
  const std::size_t key = place_of_key(label, arguments);
  if (label == "GET" && arguments.size() > 1) return std::string(arguments[1]);
  if (key > 1) label.append(1, ' ').append(upper(arguments[1].substr(0, 64)));
  if (key < arguments.size()) label.append(1, ' ').append(arguments[key]);
  return label;
}

std::size_t size_of(const RedisReply& reply) noexcept {
  constexpr std::size_t line = 8;  // What announces it, and its end.
  std::size_t bytes = line + reply.text.size();
  for (const RedisReply& element : reply.elements) bytes += size_of(element);
  return bytes;
}

}  // namespace cachekit::redis
