#include <cachekit/cachekit.hpp>
#include <cachekit/json_codec.hpp>

#include <iostream>

struct User {
  static constexpr std::string_view cache_prefix = "user";
  using cache_codec = cachekit::JsonCodec<User>;
  std::string name;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(User, name)

int main() {
  auto backend = cachekit::backend_from_environment();  // memory, unless CACHE_BACKEND says else
  if (!backend) return std::cerr << backend.error().describe() << '\n', 1;
  cachekit::CacheExpander expander(**backend);
  for (int i = 0; i < 4; ++i) {
    auto user = expander.fetch<User>(42, [] { return User{"Ada"}; });  // here: ask the database
    if (!user) return std::cerr << user.error().describe() << '\n', 1;
    std::cout << (*user)->name << ", from the " << to_string(user->origin) << '\n';
  }
  const auto counts = expander.metrics().snapshot();
  std::cout << counts.hits << " hits, " << counts.misses << " misses, " << counts.loads
            << " loads, hit rate " << counts.hit_rate() << '\n';
}
