#include <cachekit/expander.hpp>
#include <cachekit/memory.hpp>
#include <cachekit/version.hpp>

#include <cstdio>
#include <string>

template <>
struct cachekit::EntityTraits<std::string> {
  static constexpr std::string_view prefix = "greeting";
  using codec = cachekit::RawCodec;
};

// A foreign program without a server: what it links is the core, by the names of what it uses.
int main() {
  cachekit::InMemoryBackend cache;
  cachekit::CacheExpander expander(cache);
  const auto load = [] { return std::string("hello"); };
  const auto first = expander.fetch<std::string>(1, load);
  const auto again = expander.fetch<std::string>(1, load);
  if (!first || !again || again->origin != cachekit::Origin::cache) {
    return 1;
  }
  std::printf("cachekit %s: %s from %s\n", cachekit::version(), (*again)->c_str(),
              cache.target().c_str());
  return 0;
}
