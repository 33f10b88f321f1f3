#include "simulation/schedule.hpp"

#include "simulation/simulated_client.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <memory>
#include <vector>

namespace cachekit::test {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds calm_budget = 1s;

class Schedule {
 public:
  explicit Schedule(std::uint64_t seed)
      : runtime_(seed), client_(runtime_, [this] { return next_link(); }) {
    // On connections without faults, nobody who has time goes without an answer.
    calm_ = below(4) == 0;
    if (calm_) return;
    faults_ = {
        .partial_write = 1 + below(6),
        .refused_write = below(3) == 0 ? 2 + below(8) : 0,
        .unasked = below(4) == 0 ? 2 + below(16) : 0,
        .longest_delay = std::chrono::microseconds(1 + below(3000)),
        .breaks_within = below(2) == 0 ? 1us + std::chrono::microseconds(below(20'000)) : 0us,
        .hangs_within = below(8) == 0 ? 1us + std::chrono::microseconds(below(20'000)) : 0us};
  }

  void run() {
    runtime_.run([&] {
      const auto io_thread = runtime_.start([&] { client_.serve(); });
      const auto waiting = below(4);
      const auto others = waiting == 0 ? 1 + below(3) : below(3);
      for (std::uint64_t i = 0; i < waiting; ++i) spawn([this, i] { wait_for_each(i); });
      for (std::uint64_t i = 0; i < others; ++i) spawn([this, i] { wait_for_none(10 + i); });
      client_.await([&] { return running_ == 0; });
      client_.end();
    });
    for (const auto& link : links_) link->settle();
    check();
  }

  void count(ScheduleTally& tally) const {
    tally.links += links_.size();
    for (const auto& call : calls_) {
      ++tally.calls;
      if (call->resent) ++tally.resent;
      const auto& outcome = *call->outcome;
      if (outcome) {
        ++tally.answered;
      } else if (outcome.error().code == Errc::outcome_unknown) {
        ++tally.unknown;
      } else if (outcome.error().code == Errc::unavailable ||
                 outcome.error().code == Errc::protocol) {
        ++tally.lost;
      } else {
        ++tally.given_up;
      }
    }
  }

  [[nodiscard]] SimulatedClient& client() noexcept { return client_; }

 private:
  std::uint64_t below(std::uint64_t count) { return runtime_.below(count); }

  std::shared_ptr<ScriptedLink> next_link() {
    if (below(8) == 0) return nullptr;
    // In the end there is one that works.
    const Faults faults = links_.size() < 4 ? faults_ : Faults{};
    links_.push_back(std::make_shared<ScriptedLink>(runtime_, faults, log_, links_.size()));
    return links_.back();
  }

  void spawn(Runtime::Task task) {
    ++running_;
    runtime_.execute([this, task = std::move(task)] {
      task();
      --running_;
      client_.end_of_caller();
    });
  }

  Call& next_call(std::size_t caller, std::size_t number) {
    const auto budget = calm_           ? calm_budget
                        : below(4) == 0 ? std::chrono::milliseconds(below(5))
                                        : std::chrono::milliseconds(20 + below(100));
    calls_.push_back(
        std::make_unique<Call>(CallName{caller, number, below(2) == 0}, Deadline::after(budget)));
    return *calls_.back();
  }

  void wait_for_each(std::size_t caller) {
    const auto count = 1 + below(5);
    for (std::uint64_t i = 0; i < count; ++i) {
      client_.run(next_call(caller, i));
      if (below(2) == 0) runtime_.sleep_for(std::chrono::microseconds(below(2000)));
    }
  }

  void wait_for_none(std::size_t caller) {
    std::vector<std::unique_ptr<AsyncCall>> mine;
    const auto count = 1 + below(8);
    for (std::uint64_t i = 0; i < count; ++i) {
      mine.push_back(std::make_unique<AsyncCall>(next_call(caller, i)));
      client_.start(*mine.back());
      if (below(4) == 0) runtime_.sleep_for(std::chrono::microseconds(below(2000)));
      AsyncCall& any = *mine[below(mine.size())];
      if (below(6) == 0 && !any.call().outcome && !any.unwanted) {
        cancelled_.push_back(&any.call());
        client_.cancel(any);
      }
    }
    client_.await([&] {
      return std::ranges::all_of(mine,
                                 [](const auto& one) { return one->call().outcome.has_value(); });
    });
  }

  // What has to be true in the end.
  void check() const {
    client_.check_empty();
    for (const auto& call : calls_) check_outcome(*call);
    check_order();
  }

  void check_outcome(const Call& call) const {
    const std::string name = call.name.text();
    must(call.outcome.has_value(), name + " is lost");
    const std::size_t carried_out = log_.count(name);
    if (*call.outcome) {
      must(call.request.answer == name, name + " has the answer of " + call.request.answer);
      must(carried_out >= 1, name + " has an answer, and was not carried out");
    }
    const bool cancelled = std::ranges::find(cancelled_, &call) != cancelled_.end();
    must(*call.outcome || !calm_ || cancelled, name + " has no answer, and nothing was in its way");
    if (!call.name.write) return;
    must(carried_out <= 1, name + " is carried out twice");
    if (*call.outcome) return;
    const bool unknown = call.outcome->error().code == Errc::outcome_unknown;
    const auto any = [&](bool (ScriptedLink::*holds)(const std::string&) const) {
      return std::ranges::any_of(links_, [&](const auto& link) { return (*link.*holds)(name); });
    };
    must(unknown || carried_out == 0, name + " is carried out, and was told to be undone");
    must(unknown || !any(&ScriptedLink::had_part_of), name + " was sent, and is told to be undone");
    must(!unknown || any(&ScriptedLink::planned), name + " is unknown, and was never to be sent");
  }

  // What a caller asks arrives in its order on each connection, and its writes on all together,
  // but for those of which nobody knows whether they were carried out, or when.
  void check_order() const {
    std::map<std::string, const Call*> by_name;
    for (const auto& call : calls_) by_name[call->name.text()] = call.get();
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> on_link;
    std::map<std::size_t, std::size_t> writes;
    for (const auto& [name, link] : log_.entries) {
      must(by_name.contains(name), "the peer was asked " + name + ", which nobody did");
      const Call& call = *by_name[name];
      std::size_t& last = on_link[{link, call.name.caller}];
      must(last <= call.name.number, name + " was overtaken by a later call");
      last = call.name.number;
      if (!call.name.write || !*call.outcome) continue;
      must(writes[call.name.caller] <= call.name.number, name + " was overtaken by a later write");
      writes[call.name.caller] = call.name.number;
    }
  }

  VirtualRuntime runtime_;
  Faults faults_;
  PeerLog log_;
  std::vector<std::shared_ptr<ScriptedLink>> links_;
  std::vector<std::unique_ptr<Call>> calls_;
  std::vector<const Call*> cancelled_;
  bool calm_ = false;
  int running_ = 0;
  SimulatedClient client_;
};

}  // namespace

std::string run_schedule(std::uint64_t seed, bool trace, ScheduleTally& tally) {
  // Where it fails, what its callers were in the middle of is left as it is.
  auto schedule = std::make_unique<Schedule>(seed);
  if (trace) schedule->client().trace();
  try {
    schedule->run();
    schedule->count(tally);
    return {};
  } catch (const std::exception& problem) {
    return problem.what() + ("\n" + schedule.release()->client().steps());
  }
}

}  // namespace cachekit::test
