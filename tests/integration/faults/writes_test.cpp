#include "rig.hpp"
#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"

#include <thread>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

TEST_CASE("a write whose reply is lost is outcome_unknown and is never sent twice", "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  must(rig.cache().increment("n"));
  for (int i = 0; i < 20; ++i) {
    rig.proxy().cut_replies_after(0);
    CHECK(code_of(rig.cache().increment("n")) == "outcome_unknown");
    CHECK(must(rig.cache().increment("n")) == 2 * i + 3);
  }
  CHECK(must(rig.truth().increment("n", 0)) == 41);
}

TEST_CASE("every kind of write tells that its outcome is unknown when the reply is lost",
          "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  must(rig.cache().set("k", "v"));
  const std::vector<std::string_view> keys{"k"};
  const std::vector<SetItem> items{{.key = "k", .value = "new"}};
  // A connection may not have been opened yet when the cut is due; a reply of the greeting is read.
  const auto cut = [&] {
    static_cast<void>(must(rig.cache().exists("k")));
    rig.proxy().cut_replies_after(0);
  };
  cut();
  CHECK(code_of(rig.cache().set("k", "new")) == "outcome_unknown");
  cut();
  CHECK(code_of(rig.cache().touch("k", 1h)) == "outcome_unknown");
  cut();
  CHECK(code_of(rig.cache().set_many(items).at(0)) == "outcome_unknown");
  cut();
  CHECK(code_of(rig.cache().remove_many(keys).at(0)) == "outcome_unknown");
  cut();
  CHECK(code_of(rig.cache().remove("k")) == "outcome_unknown");
  cut();
  CHECK(code_of(rig.cache().clear()) == "outcome_unknown");
}

TEST_CASE("a look-up whose reply is lost is asked once more on a fresh connection", "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  must(rig.cache().set("k", "v"));
  for (std::size_t bytes = 0; bytes < 4; ++bytes) {
    rig.proxy().cut_replies_after(bytes);
    CHECK(must(rig.cache().get("k")) == "v");
  }
}

TEST_CASE("a request that breaks off at any byte does nothing and puts no reply out of step",
          "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  must(rig.cache().set("other", "untouched"));
  const auto before = rig.proxy().request_bytes();
  must(rig.cache().increment("n"));
  const std::size_t length = rig.proxy().request_bytes() - before;
  for (std::size_t bytes = 0; bytes < length; ++bytes) {
    INFO("cut after " << bytes << " of " << length << " bytes");
    rig.proxy().cut_requests_after(bytes);
    const std::string code = code_of(rig.cache().increment("n"));
    CHECK((code == "outcome_unknown" || code == "unavailable"));
    CHECK(must(rig.cache().get("other")) == "untouched");
  }
  CHECK(must(rig.truth().increment("n", 0)) == 1);
}

TEST_CASE("what is refused before it is sent puts no byte on the wire", "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  must(rig.cache().set("k", "v"));
  const auto bytes = rig.proxy().request_bytes();
  const auto connections = rig.proxy().connections();
  const std::string_view no_key;
  const std::vector<std::string_view> keys{no_key, no_key};
  CHECK(code_of(rig.cache().get(no_key)) == "invalid_argument");
  CHECK(code_of(rig.cache().set(no_key, "v")) == "invalid_argument");
  CHECK(code_of(rig.cache().get("k", {.timeout = 0ms})) == "invalid_argument");
  for (const auto& one : rig.cache().get_many(keys)) CHECK(code_of(one) == "invalid_argument");
  for (const auto& one : rig.cache().remove_many(keys)) CHECK(code_of(one) == "invalid_argument");
  CHECK(rig.proxy().request_bytes() == bytes);
  CHECK(must(rig.cache().get("k")) == "v");
  CHECK(rig.proxy().connections() == connections);
}

TEST_CASE("a value that breaks off on its way is never stored in part", "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  must(rig.cache().set("k", "old"));
  for (const std::size_t bytes : {100U, 10'000U, 399'000U}) {
    rig.proxy().cut_requests_after(bytes);
    const std::string code = code_of(rig.cache().set("k", std::string(400'000, 'x')));
    CHECK((code == "outcome_unknown" || code == "unavailable"));
    CHECK(must(rig.truth().get("k")) == "old");
  }
}

TEST_CASE("a server killed in the middle of a write is never taken for success", "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  must(rig.cache().set("k", "old"));
  rig.proxy().hold_requests();
  const auto before = rig.proxy().request_bytes();
  std::string code;
  std::thread writer([&] { code = code_of(rig.cache().set("k", "new")); });
  CHECK(eventually([&] { return rig.proxy().request_bytes() > before; }));
  rig.server().kill();
  rig.proxy().pass();
  writer.join();
  CHECK(code == "outcome_unknown");
  CHECK(code_of(rig.truth().set("k", "new")) == "unavailable");
}
