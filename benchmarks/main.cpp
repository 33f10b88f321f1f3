// cachekit_sidebyside: cachekit against what a user would take instead, both in one run.
#include "harness/failure.hpp"
#include "harness/results_json.hpp"
#include "harness/table.hpp"
#include "rows/rows.hpp"
#include "servers.hpp"

#include <cachekit/version.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iterator>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <libmemcached/memcached.h>
#include <oneapi/tbb/version.h>

namespace cachekit::bench {
namespace {

enum ExitCode : int { done = 0, failed = 1, usage = 2 };

struct Options {
  RunOptions run{};
  std::vector<std::string> filters{};
  std::string json = "build/bench/results.json";
  bool list = false;
};

std::vector<Contest> all_contests(Servers& servers) {
  std::vector<Contest> contests;
  for (auto* rows :
       {memory_rows, expander_rows, redis_rows, async_rows, memcached_rows, large_value_rows}) {
    std::ranges::move(rows(servers), std::back_inserter(contests));
  }
  return contests;
}

bool wanted(const Row& row, const std::vector<std::string>& filters) {
  return filters.empty() || std::ranges::any_of(filters, [&](const std::string& filter) {
           return row.id.find(filter) != std::string::npos;
         });
}

// Contests that keep a row, with those rows only.
std::vector<Contest> chosen(std::vector<Contest> contests,
                            const std::vector<std::string>& filters) {
  for (Contest& contest : contests) {
    std::erase_if(contest.rows, [&](const Row& row) { return !wanted(row, filters); });
  }
  std::erase_if(contests, [](const Contest& contest) { return contest.rows.empty(); });
  return contests;
}

// Shows each row as soon as it is known.
std::vector<RowResult> run(const std::vector<Contest>& contests, const RunOptions& options) {
  std::vector<RowResult> results;
  fmt::print("{}", table_head());
  for (const Contest& contest : contests) {
    std::fflush(stdout);
    try {
      for (RowResult& result : evaluate(contest, run_contest(contest.enter(), options))) {
        fmt::print("{}", table_row(result));
        results.push_back(std::move(result));
      }
    } catch (const std::exception& failure) {
      throw BenchFailure(contest.rows.front().id + ": " + failure.what());
    }
  }
  return results;
}

Facts library_versions() {
  return {{"cachekit", std::string(version())},
          {"hiredis", fmt::format("{}.{}.{}", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH)},
          {"libmemcached", memcached_lib_version()},
          {"tbb", TBB_runtime_version()}};
}

std::string listed(const Facts& facts) {
  std::string line;
  for (const auto& [name, value] : facts)
    line += fmt::format("{}{} {}", line.empty() ? "" : ", ", name, value);
  return line;
}

ExitCode run_bench(const Options& options) {
  Servers servers;
  const std::vector<Contest> contests = chosen(all_contests(servers), options.filters);
  if (contests.empty()) {
    fmt::print(stderr, "bench: no row is called that\nhint: --list prints the names\n");
    return usage;
  }
  if (options.list) {
    for (const Contest& contest : contests) {
      for (const Row& row : contest.rows) fmt::print("{:<28} {}\n", row.id, row.title);
    }
    return done;
  }
  const std::vector<RowResult> results = run(contests, options.run);
  const Facts machine = machine_facts();
  Facts versions = library_versions();
  versions.insert(servers.versions().begin(), servers.versions().end());
  write_file(options.json, results_json(results, options.run, machine, versions));
  fmt::print(
      "\n{} rounds of {} s a contestant, in turns; client and servers share the machine\n{}\n{}\n"
      "written to {}\n",
      options.run.rounds, options.run.slot.count(), listed(machine), listed(versions),
      options.json);
  return done;
}

int parse_and_run(int argc, char** argv) {
  Options options;
  double seconds = options.run.slot.count();
  CLI::App app("Measures cachekit side by side with what a user would take instead.");
  app.add_option("--rows", options.filters, "Only rows whose names contain one of these")
      ->type_name("NAME,...")
      ->delimiter(',');
  app.add_option("--rounds", options.run.rounds,
                 "How often each contestant has its turn (default: 25)")
      ->type_name("N")
      ->check(CLI::Range(5, 1000));
  app.add_option("--seconds", seconds, "How long a turn is (default: 0.25)")
      ->type_name("S")
      ->check(CLI::Range(0.01, 600.0));
  app.add_option("--json", options.json, "Where the results go (default: build/bench/results.json)")
      ->type_name("FILE");
  app.add_flag("--list", options.list, "Print the rows and stop");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return done;
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "bench: {}\nhint: --help prints the options\n", error.what());
    return usage;
  }
  options.run.slot = Seconds(seconds);
  return run_bench(options);
}

}  // namespace
}  // namespace cachekit::bench

int main(int argc, char** argv) {
  try {
    return cachekit::bench::parse_and_run(argc, argv);
  } catch (const std::exception& error) {
    std::fflush(stdout);
    fmt::print(stderr, "bench: {}\n", error.what());
    return cachekit::bench::failed;
  }
}
