// Requests that a node sends elsewhere: of callers who wait, in batches, and of nobody.

#include "redirecting.hpp"
#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"

#include <atomic>
#include <optional>
#include <thread>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

using Said = std::vector<std::string>;

namespace {

std::string done(const std::string& line) { return line + " done"; }

// Two servers, the first of which owns all keys that it is asked for, as far as the client knows.
struct Two {
  explicit Two(LineServer::Answer first_says, LineServer::Answer second_says = done)
      : second(std::move(second_says)), first(std::move(first_says)) {}

  LineServer second;
  LineServer first;
};

// One that sends all keys elsewhere, how ever that is called.
struct Elsewhere {
  explicit Elsewhere(std::string how, LineServer::Answer second_says = done)
      : second(std::move(second_says)),
        first([this, how](const std::string&) { return how + " " + second.port(); }) {}

  LineServer second;
  LineServer first;
};

}  // namespace

TEST_CASE("a caller's request goes where its node says", "[net][routing]") {
  Elsewhere servers("MOVED");
  Routed cache;
  cache.router.own("key", servers.first.address());
  const bool replay = GENERATE(true, false);
  Lines request({"key"}, replay);
  const net::Answered answered = cache.ask(request, "key");
  must(answered.outcome);
  CHECK(request.answer() == "key done");
  CHECK(answered.by->endpoint() == servers.second.address().endpoint());
  CHECK(servers.first.lines() == Said{"key"});
  CHECK(servers.second.lines() == Said{"key"});
}

TEST_CASE("a redirect can want a prelude, on the connection of the request", "[net][routing]") {
  Elsewhere servers("ASK");
  Routed cache;
  cache.router.own("key", servers.first.address());
  Lines request({"key"});
  must(cache.ask(request, "key").outcome);
  CHECK(request.answer() == "key done");
  CHECK(cache.start("key").get() == "key done");
  LineBatch batch({"key"});
  cache.dispatcher.execute(batch, Deadline::after(20s));
  CHECK(batch.outcomes[0] == "key done");
  CHECK(servers.first.lines() == Said{"key", "key", "key"});
  CHECK(servers.second.lines() == Said{"asking", "key", "asking", "key", "asking", "key"});
}

TEST_CASE("of a batch only the part goes again that was refused", "[net][routing]") {
  std::string second;
  Two servers([&](const std::string& line) {
    return line == "b" || line == "d" ? "MOVED " + second : done(line) + " first";
  });
  second = servers.second.port();
  Routed cache;
  for (const char* const key : {"a", "b", "c", "d", "e"}) {
    cache.router.own(key, servers.first.address());
  }
  cache.router.own("x", servers.second.address());
  LineBatch batch({"a", "b", "c", "x", "d", "e"});
  cache.dispatcher.execute(batch, Deadline::after(20s));
  Said got;
  for (auto& outcome : batch.outcomes) got.push_back(must(outcome));
  CHECK(got == Said{"a done first", "b done", "c done first", "x done", "d done", "e done first"});
  CHECK(servers.first.lines() == Said{"a", "b", "c", "d", "e"});
  CHECK(servers.second.lines() == Said{"x", "b", "d"});
}

TEST_CASE("what nobody waits for goes elsewhere before it is settled", "[net][routing]") {
  Elsewhere servers("MOVED");
  Routed cache;
  cache.router.own("key", servers.first.address());
  SECTION("waited for") { CHECK(cache.start("key").get() == "key done"); }
  SECTION("with a callback") {
    Gate called;
    cache.start("key").then([&](Result<std::string> result) {
      CHECK(result == "key done");
      called.open();
    });
    CHECK(called.wait());
  }
  SECTION("a write, ignored") {
    cache.start("key", {.replay = false}).ignore();
    CHECK(eventually([&] { return servers.second.lines().size() == 1; }));
  }
  CHECK(servers.first.lines() == Said{"key"});
  CHECK(servers.second.lines() == Said{"key"});
}

TEST_CASE("asynchronous requests go elsewhere in their order, whoever waits", "[net][routing]") {
  for (int round = 0; round < 20; ++round) {
    Elsewhere servers("MOVED");
    Routed cache;
    std::vector<Pending<std::string>> pending;
    Said lines;
    for (int i = 0; i < 200; ++i) {
      lines.push_back(std::to_string(i));
      cache.router.own(lines.back(), servers.first.address());
    }
    for (const std::string& line : lines) pending.push_back(cache.start(line, {.replay = false}));
    for (std::size_t i = 0; i < lines.size(); ++i) {
      REQUIRE(pending[i].get() == lines[i] + " done");
    }
    REQUIRE(servers.second.lines() == lines);
  }
}

TEST_CASE("nodes that send a request back and forth do not have it for ever", "[net][routing]") {
  std::optional<LineServer> second;
  LineServer first([&](const std::string&) { return "MOVED " + second->port(); });
  second.emplace([&](const std::string&) { return "MOVED " + first.port(); });
  Routed cache;
  cache.router.own("key", first.address());
  Result<std::string> got;
  SECTION("waited for") {
    Lines request({"key"});
    const net::Answered answered = cache.ask(request, "key");
    REQUIRE_FALSE(answered.outcome);
    got = fail(answered.outcome.error());
  }
  SECTION("in a batch") {
    LineBatch batch({"key"});
    cache.dispatcher.execute(batch, Deadline::after(20s));
    got = batch.outcomes[0];
  }
  SECTION("asynchronous") { got = cache.start("key").get(); }
  CHECK(code_of(got) == "unavailable");
  CHECK(got.error().message.find("redirected 5 times") != std::string::npos);
  CHECK(got.error().message.find("MOVED " + first.port()) != std::string::npos);
  CHECK(got.error().endpoint == second->address().endpoint());
  CHECK_FALSE(got.error().hint.empty());
  CHECK(first.lines().size() + second->lines().size() == net::Dispatcher::max_redirects + 1);
}

TEST_CASE("a redirect to a node that was dropped makes it anew", "[net][routing]") {
  Elsewhere servers("MOVED");
  Routed cache;
  cache.router.own("key", servers.first.address());
  const std::weak_ptr<net::Node> before = cache.router.nodes.at(servers.second.address());
  cache.router.nodes.keep_only(std::vector{servers.first.address()});
  CHECK(before.expired());
  CHECK(cache.router.nodes.size() == 0);  // Nobody had asked for the first one either.
  Lines request({"key"});
  must(cache.ask(request, "key").outcome);
  CHECK(request.answer() == "key done");
  CHECK(cache.start("key").get() == "key done");
  CHECK(cache.router.nodes.size() == 2);
}

TEST_CASE("a node that is dropped answers what is under way, and is gone then", "[net][routing]") {
  Gate asked;
  Gate go_on;
  Elsewhere servers("MOVED", [&](const std::string& line) {
    asked.open();
    return go_on.wait() ? done(line) : std::string();
  });
  Routed cache;
  cache.router.own("key", servers.first.address());
  const auto drop_second = [&] {
    cache.router.nodes.keep_only(std::vector{servers.first.address()});
  };
  std::weak_ptr<net::Node> dropped;
  const auto drop_while_asked = [&] {
    REQUIRE(asked.wait());
    dropped = cache.router.nodes.at(servers.second.address());
    drop_second();
    CHECK_FALSE(dropped.expired());
    go_on.open();
  };
  SECTION("waited for") {
    Lines request({"key"});
    std::thread caller([&] { must(cache.ask(request, "key").outcome); });
    drop_while_asked();
    caller.join();
    CHECK(request.answer() == "key done");
  }
  SECTION("asynchronous") {
    Pending<std::string> pending = cache.start("key");
    drop_while_asked();
    CHECK(pending.get() == "key done");
  }
  SECTION("asynchronous, and nobody waits") {
    Gate called;
    cache.start("key").then([&](Result<std::string> result) {
      CHECK(result == "key done");
      called.open();
    });
    drop_while_asked();
    CHECK(called.wait());
  }
  CHECK(eventually([&] {
    drop_second();
    return dropped.expired();
  }));
}

TEST_CASE("what is to be tried later is, while its budget lasts", "[net][routing]") {
  std::atomic<int> refusals{3};
  const LineServer server(
      [&](const std::string& line) { return refusals-- > 0 ? "LATER" : done(line); });
  Routed cache;
  cache.router.own("key", server.address());
  SECTION("waited for") {
    Lines request({"key"}, false);
    must(cache.ask(request, "key").outcome);
    CHECK(request.answer() == "key done");
  }
  SECTION("in a batch") {
    LineBatch batch({"key"}, false);
    cache.dispatcher.execute(batch, Deadline::after(20s));
    CHECK(batch.outcomes[0] == "key done");
  }
  SECTION("asynchronous") { CHECK(cache.start("key", {.replay = false}).get() == "key done"); }
  CHECK(server.lines() == Said{"key", "key", "key", "key"});
}

TEST_CASE("a retry asks who owns the key then", "[net][routing]") {
  const LineServer second(done);
  Routed cache;
  const LineServer first([&](const std::string& line) {
    cache.router.own(line, second.address());
    return "LATER";
  });
  cache.router.own("key", first.address());
  SECTION("waited for") {
    Lines request({"key"});
    must(cache.ask(request, "key").outcome);
    CHECK(request.answer() == "key done");
  }
  SECTION("in a batch") {
    LineBatch batch({"key"});
    cache.dispatcher.execute(batch, Deadline::after(20s));
    CHECK(batch.outcomes[0] == "key done");
  }
  SECTION("asynchronous") { CHECK(cache.start("key").get() == "key done"); }
  CHECK(first.lines() == Said{"key"});
  cache.end();  // Before the server that touches it.
}

TEST_CASE("nothing is tried again for which there is no time", "[net][routing]") {
  const LineServer server([&](const std::string&) { return "LATER"; });
  Routed cache;
  cache.router.own("key", server.address());
  cache.router.pause = 1h;
  Result<std::string> got;
  SECTION("waited for") {
    Lines request({"key"}, false);
    got = fail(cache.ask(request, "key").outcome.error());
  }
  SECTION("in a batch") {
    LineBatch batch({"key"}, false);
    cache.dispatcher.execute(batch, Deadline::after(20s));
    got = batch.outcomes[0];
  }
  SECTION("asynchronous") { got = cache.start("key", {.replay = false}).get(); }
  CHECK(code_of(got) == "timeout");
  CHECK(got.error().message.find("LATER") != std::string::npos);
  CHECK(got.error().endpoint == server.address().endpoint());
  CHECK(server.lines() == Said{"key"});
}

TEST_CASE("a write that was sent elsewhere goes there once", "[net][routing]") {
  Elsewhere servers("MOVED", [](const std::string&) { return std::string(); });
  Routed cache;
  cache.router.own("key", servers.first.address());
  cache.router.on_failure = [&](const Error&) {
    return net::Verdict::redirect(cache.router.nodes.at(servers.first.address()), false, "again");
  };
  SECTION("waited for") {
    Lines request({"key"}, false);
    const net::Answered answered = cache.ask(request, "key");
    CHECK(code_of(answered.outcome) == "outcome_unknown");
  }
  SECTION("in a batch") {
    LineBatch batch({"key"}, false);
    cache.dispatcher.execute(batch, Deadline::after(20s));
    CHECK(code_of(batch.outcomes[0]) == "outcome_unknown");
  }
  SECTION("asynchronous") {
    CHECK(code_of(cache.start("key", {.replay = false}).get()) == "outcome_unknown");
  }
  CHECK(servers.first.lines() == Said{"key"});
  CHECK(servers.second.lines() == Said{"key"});
}

TEST_CASE("a node that cannot be asked can have a stand-in", "[net][routing]") {
  const ReservedPort nobody;
  const LineServer server(done);
  Routed cache;
  cache.router.own("key", {.host = "127.0.0.1", .port = nobody.number()});
  cache.router.on_failure = [&](const Error&) {
    return net::Verdict::redirect(cache.router.nodes.at(server.address()), false, "it is down");
  };
  SECTION("waited for") {
    Lines request({"key"}, false);
    must(cache.ask(request, "key").outcome);
    CHECK(request.answer() == "key done");
  }
  SECTION("in a batch") {
    LineBatch batch({"key"}, false);
    cache.dispatcher.execute(batch, Deadline::after(20s));
    CHECK(batch.outcomes[0] == "key done");
  }
  SECTION("asynchronous") { CHECK(cache.start("key", {.replay = false}).get() == "key done"); }
}

TEST_CASE("a key that nobody owns is refused", "[net][routing]") {
  const LineServer server(done);
  Routed cache;
  cache.router.own("key", server.address());
  Lines request({"other"});
  CHECK(code_of(cache.ask(request, "other").outcome) == "unavailable");
  LineBatch batch({"key", "other"});
  cache.dispatcher.execute(batch, Deadline::after(20s));
  CHECK(batch.outcomes[0] == "key done");
  CHECK(code_of(batch.outcomes[1]) == "unavailable");
}

TEST_CASE("nobody is asked about a reply that is no refusal", "[net][routing]") {
  const LineServer server(done);
  Routed cache;
  cache.router.own("key", server.address());
  Lines request({"key"});
  must(cache.ask(request, "key").outcome);
  CHECK(cache.start("key").get() == "key done");
  CHECK(cache.router.judged == 0);
}

TEST_CASE("a request is withdrawn wherever it is", "[net][routing]") {
  Gate asked;
  Routed cache;
  Elsewhere servers("MOVED", [&](const std::string& line) {
    asked.open();
    return line == "later" ? "LATER" : std::string(1000, 'x');
  });
  cache.router.pause = 10s;
  for (const char* const key : {"key", "later"}) cache.router.own(key, servers.first.address());
  SECTION("at the second node") {
    std::stop_source stop;
    Gate never;
    Elsewhere silent("MOVED", [&](const std::string&) {
      asked.open();
      return never.wait() ? "late" : "";
    });
    cache.router.own("silent", silent.first.address());
    Pending<std::string> pending = cache.start("silent", {.stop = stop.get_token()});
    REQUIRE(asked.wait());
    SECTION("by its caller") { pending.cancel(); }
    SECTION("by a stop") { stop.request_stop(); }
    CHECK(code_of(pending.get()) == "cancelled");
    never.open();
  }
  SECTION("while it pauses") {
    cache.router.own("later", servers.second.address());
    Pending<std::string> pending = cache.start("later");
    REQUIRE(asked.wait());
    pending.cancel();
    CHECK(code_of(pending.get()) == "cancelled");
  }
  SECTION("by the end of its backend, while it pauses") {
    cache.router.own("later", servers.second.address());
    Pending<std::string> pending = cache.start("later");
    CHECK(eventually([&] { return cache.router.judged > 0; }));
    cache.end();
    CHECK(code_of(pending.get()) == "cancelled");
  }
  cache.end();
}

TEST_CASE("requests are withdrawn at any moment of their way", "[net][routing]") {
  Elsewhere servers("MOVED");
  Routed cache;
  cache.router.own("key", servers.first.address());
  for (int round = 0; round < 500; ++round) {
    std::stop_source stop;
    std::vector<Pending<std::string>> pending;
    for (int i = 0; i < 5; ++i) {
      pending.push_back(cache.start("key", {.stop = stop.get_token()}));
    }
    std::thread stopper([&] { stop.request_stop(); });
    for (auto& one : pending) {
      const Result<std::string> got = one.get();
      if (got) {
        REQUIRE(*got == "key done");
      } else {
        REQUIRE(code_of(got) == "cancelled");
      }
    }
    stopper.join();
  }
}

TEST_CASE("a backend ends while its requests are on their way", "[net][routing]") {
  Elsewhere servers("MOVED");
  for (int round = 0; round < 200; ++round) {
    std::optional<Routed> cache(std::in_place);
    cache->router.own("key", servers.first.address());
    std::vector<Pending<std::string>> pending;
    std::atomic<int> called{0};
    for (int i = 0; i < 5; ++i) pending.push_back(cache->start("key"));
    for (int i = 0; i < 5; ++i) cache->start("key").then([&](auto) { ++called; });
    if (round % 2 == 0) static_cast<void>(pending.front().ready());
    cache.reset();
    CHECK(called == 5);
    for (auto& one : pending) {
      const Result<std::string> got = one.get();
      if (!got) REQUIRE(code_of(got) == "cancelled");
    }
  }
}
