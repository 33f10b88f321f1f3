#include "config/toml_file.hpp"
#include "support.hpp"
#include "support/catch.hpp"

#include <array>
#include <random>

using namespace cachekit;
using namespace cachekit::test;

namespace {

constexpr int rounds = 10'000;

// One to four bytes changed, dropped, doubled or put in; the seed is fixed.
std::string mutated(std::string text, std::mt19937& random) {
  constexpr std::string_view spice = ":/@?#%&=[]{},.'\"\\\n\r\t \0-_09aZ~\x7f\xff";
  const auto below = [&](std::size_t end) { return random() % std::max<std::size_t>(end, 1); };
  for (std::size_t left = 1 + below(4); left > 0; --left) {
    const std::size_t at = below(text.size());
    const char c = spice[below(spice.size())];
    switch (below(4)) {
      case 0:
        text.insert(at, 1, c);
        break;
      case 1:
        text.erase(at, 1 + below(6));
        break;
      case 2:
        text.insert(at, text.substr(at, below(12)));
        break;
      default:
        if (at < text.size()) text[at] = c;
    }
  }
  return text;
}

}  // namespace

TEST_CASE("no mutation of a URL does worse than an error that says something", "[config]") {
  const std::array<std::string, 5> urls{
      "redis://ada:s3cret@cache.example:6380/3?pool_size=4&connection_timeout=2s",
      "redis://[2001:db8::7]:6379/0", "redis+unix://ada:s3cret@/run/redis.sock?db=2",
      "memory:/var/lib/c.snapshot?capacity=64MiB&shards=4",
      "memcached://a.example:11211:2,[::1]:11212,c?max_connections=3"};
  std::mt19937 random(1);
  int accepted = 0;
  for (int i = 0; i < rounds; ++i) {
    const std::string url = mutated(urls[random() % urls.size()], random);
    Settings settings;
    const Result<void> done = apply_url(settings, url);
    if (done) {
      ++accepted;
      continue;
    }
    const bool sound = done.error().code == Errc::invalid_argument &&
                       done.error().message.starts_with("--url: ") &&
                       done.error().message.size() > 10 && settings.redis.host == "localhost";
    if (!sound) FAIL(url << ": " << done.error().message);
  }
  CHECK(accepted > rounds / 20);
  CHECK(accepted < rounds);
}

TEST_CASE("no mutation of a file does worse than an error with its line", "[config]") {
  const std::string text = R"(default_profile = "prod"
[profiles.prod]
backend = "redis"
production = true
operation_timeout = "250ms"
[profiles.prod.redis]
host = "cache.example"
port = 6380
password = "s3cret"
[profiles.prod.memcached]
servers = ["a:11211", "b:11211"]
max_value = 1_000_000
)";
  std::mt19937 random(2);
  int accepted = 0;
  for (int i = 0; i < rounds; ++i) {
    const std::string changed = mutated(text, random);
    const auto file = config::parse_config(changed, "c.toml");
    if (file) {
      ++accepted;
      for (const config::FileProfile& profile : file->profiles) {
        Settings settings;
        for (const config::FileEntry& entry : profile.entries) {
          const Result<void> done =
              set_option(settings, entry.option->key, entry.text, entry.origin);
          if (!done && done.error().message.find("c.toml:") != 0) FAIL(done.error().message);
        }
      }
      continue;
    }
    const std::string& message = file.error().message;
    const bool sound = message.starts_with("c.toml:") && message.size() > 15 &&
                       message.find("s3cret") == std::string::npos;
    if (!sound) FAIL(changed << "\n" << message);
  }
  CHECK(accepted > rounds / 20);
  CHECK(accepted < rounds);
}
