#include "report.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>

#include <fmt/format.h>

namespace cachekit::soak {
namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;
constexpr std::uint64_t allowed_growth = 64 * mebibyte;

double milliseconds(clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

template <typename Value>
void line(std::string_view name, const Value& value) {
  fmt::print("{:<28}{}\n", name, value);
}

struct Lateness {
  std::vector<LateCall> late{};
  std::uint64_t excused = 0;  // The machine ran nobody in that time, or others for too long.
};

Lateness judge(const Options& options, const Tally& tally, const MachineWatch& machine) {
  Lateness lateness;
  for (const LateCall& call : tally.late_calls()) {
    const bool ran_others = call.overshoot - call.waited <= options.grace;
    if (ran_others || machine.stalled(call.begun, call.ended)) {
      ++lateness.excused;
    } else {
      lateness.late.push_back(call);
    }
  }
  std::ranges::sort(lateness.late, std::greater{}, &LateCall::overshoot);
  return lateness;
}

void print_latest(const Lateness& lateness) {
  constexpr std::size_t enough = 5;
  for (std::size_t i = 0; i < std::min(enough, lateness.late.size()); ++i) {
    const LateCall& call = lateness.late[i];
    line("  " + std::string(call.operation),
         fmt::format("{:.1f} ms with a budget of {} ms, {:.1f} ms for a processor, last fault: {}",
                     milliseconds(call.ended - call.begun), call.budget.count(),
                     milliseconds(call.waited), call.fault));
  }
}

void print_errors(const Tally& tally) {
  for (std::size_t code = 0; code < Tally::codes; ++code) {
    const std::uint64_t count = tally.errors[code];
    if (count > 0) line(fmt::format("  {}", to_string(static_cast<Errc>(code))), count);
  }
}

std::vector<std::string> violations(const Options& options, const Tally& tally,
                                    const Lateness& lateness, const Process& process) {
  std::vector<std::string> found = tally.violations();
  if (tally.violation_count() > found.size()) {
    found.push_back(fmt::format("and {} more", tally.violation_count() - found.size()));
  }
  if (!lateness.late.empty()) {
    found.push_back(fmt::format("{} calls came back more than {} ms after budget + 10 %",
                                lateness.late.size(), options.grace.count()));
  }
  if (tally.begun != tally.completed) found.push_back("calls never came back");
  if (process.most_descriptors > process.descriptor_bound) {
    found.push_back(fmt::format("{} descriptors were open between faults, {} at the beginning",
                                process.most_descriptors, process.descriptors_at_begin));
  }
  if (process.descriptors_at_end > process.descriptors_at_begin) {
    found.push_back("descriptors are left open");
  }
  if (process.resident_at_end > process.resident_at_begin + allowed_growth) {
    found.push_back(fmt::format("memory grew by more than {} MiB", allowed_growth / mebibyte));
  }
  if (tally.succeeded * 2 < tally.begun) {
    found.push_back("most calls failed, so this run proves little");
  }
  return found;
}

}  // namespace

bool report(const Options& options, const Tally& tally, const MachineWatch& machine,
            const Process& process) {
  const Lateness lateness = judge(options, tally, machine);
  fmt::print("soak over {}: {} threads, seed {}, budget {} ms\n", options.backend, options.threads,
             options.seed, options.budget.count());
  const std::uint64_t begun = tally.begun;
  line("operations", fmt::format("{} in {:.1f} s", begun, process.seconds));
  line("succeeded", fmt::format("{} ({:.1f} %)", tally.succeeded.load(),
                                100.0 * static_cast<double>(tally.succeeded) /
                                    static_cast<double>(std::max<std::uint64_t>(begun, 1))));
  line("wrong answers",
       fmt::format("{}, of these {} done twice", tally.wrong.load(), tally.doubled.load()));
  line("writes out of order", tally.out_of_order.load());
  line("refused allocations", tally.refused_allocations.load());
  line("hits", tally.hits.load());
  line("misses", tally.misses.load());
  line("forgotten by killed servers", tally.lost_with_server.load());
  line("errors", "");
  print_errors(tally);
  line("lost completions", begun - tally.completed);
  line("late calls",
       fmt::format("{} (and {} while the machine stalled, or the thread waited for a processor)",
                   lateness.late.size(), lateness.excused));
  print_latest(lateness);
  line("longest overshoot",
       fmt::format("{:.1f} ms", static_cast<double>(tally.longest_overshoot_us) / 1'000));
  line("machine stalls",
       fmt::format("{}, the longest {:.1f} ms", machine.stalls(), milliseconds(machine.longest())));
  line("connections", process.connections);
  line("descriptors", fmt::format("{} at the beginning, {} at most between faults, {} at the end",
                                  process.descriptors_at_begin, process.most_descriptors,
                                  process.descriptors_at_end));
  line("resident memory",
       fmt::format("{} MiB when warm, {} MiB at the end", process.resident_at_begin / mebibyte,
                   process.resident_at_end / mebibyte));
  line("faults", "");
  for (const auto& [name, count] : process.faults) line("  " + name, count);
  const std::vector<std::string> found = violations(options, tally, lateness, process);
  for (const std::string& one : found) fmt::print("VIOLATION: {}\n", one);
  fmt::print("{} wrong, {} doubled, {} lost, {} late, {}\n", tally.wrong.load(),
             tally.doubled.load(), begun - tally.completed, lateness.late.size(),
             tally.out_of_order == 0 ? "order kept" : "order not kept");
  fmt::print("{}\n", found.empty() ? "ok" : "failed");
  return found.empty();
}

}  // namespace cachekit::soak
