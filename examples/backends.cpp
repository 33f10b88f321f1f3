// The same code over every backend: only the URL differs.
//
//     example_backends memory: redis://localhost:6379 memcached://localhost:11211

#include <cachekit/cachekit.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

template <>
struct cachekit::EntityTraits<std::string> {
  static constexpr std::string_view prefix = "greeting";
  using codec = cachekit::RawCodec;
};

namespace {

using namespace std::chrono_literals;

cachekit::Result<std::unique_ptr<cachekit::CacheBackend>> open_backend(const std::string& url) {
  cachekit::Settings settings;
  return cachekit::apply_url(settings, url).and_then([&] {
    return cachekit::make_backend(settings);
  });
}

// All that the application does with its cache; it cannot tell which one it has.
cachekit::Result<void> greet_everyone(cachekit::CacheBackend& backend) {
  cachekit::CacheExpander expander(backend,
                                   {.ttl = cachekit::TtlPolicy::fixed(10min), .cache_timeout = 1s});
  for (const std::string language : {"en", "de", "en"}) {
    const auto source = [&] { return std::string(language == "de" ? "Guten Tag" : "Hello"); };
    auto greeting = expander.fetch<std::string>(language, source);
    if (!greeting) return cachekit::fail(greeting.error());
    std::cout << "  " << **greeting << ", from the " << to_string(greeting->origin) << '\n';
    if (greeting->cache_error) return cachekit::fail(*greeting->cache_error);
  }
  for (const std::string language : {"en", "de"}) {
    if (auto gone = expander.invalidate<std::string>(language); !gone) {
      return cachekit::fail(gone.error());
    }
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> urls(argv + 1, argv + argc);
  if (urls.empty()) urls = {"memory:"};
  for (const std::string& url : urls) {
    const auto greeted = open_backend(url).and_then([](auto&& backend) {
      std::cout << backend->name() << ", " << to_string(backend->tier()) << '\n';
      return greet_everyone(*backend);
    });
    if (!greeted) {
      std::cerr << greeted.error().describe() << "\nhint: " << greeted.error().hint << '\n';
      return 1;
    }
  }
}
