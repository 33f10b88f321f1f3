#include "core/byte_queue.hpp"

#include "support/catch.hpp"

using cachekit::ByteQueue;

TEST_CASE("a byte queue gives what came, in order, whatever was used in between", "[core]") {
  std::string came;
  for (int i = 0; i < 5000; ++i) came += static_cast<char>('a' + i % 26);
  for (const std::size_t used_at_once : {1U, 3U, 7U, 50U}) {
    ByteQueue queue;
    std::string used;
    for (std::string_view rest = came; !rest.empty();) {
      const std::string_view piece = rest.substr(0, 11);
      rest.remove_prefix(piece.size());
      queue.append(piece);
      const std::string_view now = queue.view().substr(0, used_at_once);
      used += now;
      queue.use(now.size());
      queue.trim();
    }
    used += queue.view();
    CHECK(used == came);
  }
}
