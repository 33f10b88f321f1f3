// A slow source, made fast. Over a shared cache (CACHE_BACKEND=redis) even the first fetch of a
// second run is answered by the cache.

#include <cachekit/cachekit.hpp>
#include <cachekit/json_codec.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <thread>

struct User {
  static constexpr std::string_view cache_prefix = "user";
  using cache_codec = cachekit::JsonCodec<User>;
  std::string name;
  int visits = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(User, name, visits)

User ask_database(int id) {
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  return {"Ada", 100 + id};
}

int main() {
  auto backend = cachekit::backend_from_environment();  // memory, unless CACHE_BACKEND says else
  if (!backend) {
    std::cerr << backend.error().describe() << '\n';
    return 1;
  }
  cachekit::CacheExpander expander(**backend);
  for (int i = 0; i < 4; ++i) {
    auto user = expander.fetch<User>(42, [] { return ask_database(42); });
    if (!user) {
      std::cerr << user.error().describe() << '\n';
      return 1;
    }
    std::cout << (*user)->name << ", from the " << to_string(user->origin) << '\n';
  }
  const auto counts = expander.metrics().snapshot();
  std::cout << counts.hits << " hits, " << counts.misses << " misses, " << counts.loads
            << " loads, hit rate " << counts.hit_rate() << '\n';
}
