#include "memcached/counting.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace cachekit;
using namespace cachekit::memcached;
using namespace std::chrono_literals;

namespace {

const std::string server_name = "server:1";

// One entry as Memcached keeps it: counts in 64 bits, and leaves spaces where digits were.
class Server {
 public:
  explicit Server(std::string text) : text_(std::move(text)) {}

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::uint64_t version() const { return version_; }

  Reply answer(const Command& command) {
    Reply reply;
    reply.status = Reply::Status::done;
    if (command.verb != Verb::inspect) {
      if (command.version != 0 && command.version != version_) {
        reply.status = Reply::Status::refused;
        return reply;
      }
      ++version_;
      if (command.verb == Verb::store) {
        text_ = command.value;
      } else {
        reply.number = count(command.delta);
      }
    }
    reply.value = text_;
    reply.version = version_;
    return reply;
  }

 private:
  std::uint64_t count(std::int64_t delta) {
    std::uint64_t number = std::strtoull(text_.c_str(), nullptr, 10);
    const std::uint64_t by = magnitude(delta);
    number = delta < 0 ? number - std::min(number, by) : number + by;
    const std::size_t width = text_.size();
    text_ = std::to_string(number);
    if (text_.size() < width) text_.append(width - text_.size(), ' ');
    return number;
  }

  std::string text_;
  std::uint64_t version_ = 1;
};

// A caller of its own, one command after another.
class Caller {
 public:
  explicit Caller(std::int64_t by)
      : by_(by), commands_(attempt("n", by)), counting_("n", by, server_name, 1h) {
    if (Counting::is_small(by)) return;
    next_ = counting_.first_look();
    begun_ = 2;
  }

  [[nodiscard]] std::int64_t by() const { return by_; }
  [[nodiscard]] bool is_done() const { return begun_ == 2 && !next_; }
  [[nodiscard]] Result<std::int64_t>& outcome() { return counting_.outcome(); }

  void step(Server& server) {
    if (begun_ == 2) {
      next_ = counting_.answered(server.answer(*next_));
    } else if (begun_++ == 0) {
      before_ = server.answer(commands_[0]);
    } else {
      next_ = counting_.tried(before_, server.answer(commands_[1]));
    }
  }

 private:
  std::int64_t by_;
  std::array<Command, 2> commands_;
  Reply before_{};
  Counting counting_;
  std::optional<Command> next_{};
  int begun_ = 0;
};

struct Trial {
  std::string start;
  std::vector<std::int64_t> by;
};

using Callers = std::vector<std::unique_ptr<Caller>>;

// In any order. Who only looks on when nobody changes anything any more has waited long enough.
Callers run_all(Server& server, const Trial& trial, std::mt19937_64& random) {
  Callers callers;
  for (const std::int64_t by : trial.by) callers.push_back(std::make_unique<Caller>(by));
  std::uint64_t version = server.version();
  for (int idle = 0; idle < 100; ++idle) {
    Caller& caller = *callers[random() % callers.size()];
    for (auto steps = random() % 3 + 1; steps > 0 && !caller.is_done(); --steps) {
      caller.step(server);
    }
    if (std::exchange(version, server.version()) != version) idle = 0;
  }
  return callers;
}

bool keeps_the_value(const Trial& trial, std::mt19937_64& random) {
  Server server(trial.start);
  const Callers callers = run_all(server, trial, random);
  const bool all_refused = std::ranges::none_of(
      callers, [](const auto& caller) { return caller->outcome().has_value(); });
  INFO(server.text());
  CHECK((!all_refused || server.text() == trial.start));
  return all_refused;
}

std::uint64_t with_accepted(std::uint64_t start, const Callers& callers) {
  for (const auto& caller : callers) {
    if (caller->outcome()) start += static_cast<std::uint64_t>(caller->by());
  }
  return start;
}

}  // namespace

TEST_CASE("a counter is the sum of the steps that were accepted, however large those refused are",
          "[memcached][counters]") {
  constexpr std::uint64_t start = INT64_MAX - 2'011;
  const int bits = GENERATE(31, 32, 33, 40, 50, 62);
  const std::int64_t large = std::int64_t{1} << static_cast<unsigned>(bits);
  const Trial trial{std::to_string(start), {large, 505, large + 9, 1, 1'009, large, 505, 1, 505}};
  INFO("2^" << bits);
  std::mt19937_64 random(1);
  int wrong = 0;
  for (int i = 0; i < 500; ++i) {
    Server server(trial.start);
    const Callers callers = run_all(server, trial, random);
    wrong += server.text() == std::to_string(with_accepted(start, callers)) ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("increments that are refused change nothing, in whatever order their steps come",
          "[memcached][counters]") {
  const Trial trial = GENERATE(
      values<Trial>({{"10000000000000000000", {-1, -1}},
                     {"9999999999999999999", {1, 1}},
                     {"9999999999999999999", {1, -1, 2}},
                     {"10000000000000000000", {-1, 2, -3}},
                     {"9223372036854775807", {1, 1, 1, 1}},
                     {"9223372036854775807", {2, -1}},
                     {"9223372036854775807", {1, -1}},
                     {"9223372036854775807", {3, 7}},
                     {"9223372036854775807", {2, 5, 7, INT64_MAX}},
                     {"9223372036854775807", {2, -1, 5, -3, 7}},
                     {"9223372036854775806", {2, 2, 3}},
                     {"9223372036854775807", {10'000'000'000, 10'000'000'000, 1}},
                     {"18446744073709551614", {3, 3}},
                     {"18446744073709551000", {5, 9, 0}},
                     {"5", {INT64_MAX, INT64_MAX}},
                     {"10000000000000000000", {INT64_MIN, INT64_MIN, -6'000'000'000'000'000'000}},
                     {"12 apples", {-1, -1}}}));
  INFO(trial.start << " by " << trial.by.front() << " and " << trial.by[1]);
  std::mt19937_64 random(1);
  int refused = 0;
  for (int i = 0; i < 500; ++i) refused += keeps_the_value(trial, random) ? 1 : 0;
  CHECK(refused > 0);
}
