#include "harness/run_contest.hpp"

#include "harness/failure.hpp"

namespace cachekit::bench {
namespace {

// A figure of nothing would turn ratios into infinities.
Sample run_slot(const Contestant& contestant, Seconds slot) {
  try {
    const Sample sample = contestant.run(slot);
    if (!(sample.figure > 0)) throw BenchFailure("no operation was finished");
    return sample;
  } catch (const BenchFailure& failure) {
    throw BenchFailure(contestant.name + ": " + failure.what());
  }
}

}  // namespace

std::vector<Record> run_contest(const std::vector<Contestant>& contestants,
                                const RunOptions& options) {
  std::vector<Record> records;
  for (const Contestant& contestant : contestants) {
    run_slot(contestant, options.slot / 4);
    records.push_back({.name = contestant.name});
  }
  for (std::size_t round = 0; round < options.rounds; ++round) {
    for (std::size_t i = 0; i < contestants.size(); ++i) {
      const Sample sample = run_slot(contestants[i], options.slot);
      records[i].figures.push_back(sample.figure);
      records[i].cpu_us_per_op.push_back(sample.cpu_us_per_op);
    }
  }
  return records;
}

std::vector<RowResult> evaluate(const Contest& contest, const std::vector<Record>& records) {
  std::vector<RowResult> results;
  for (const Row& row : contest.rows) {
    const Record& subject = records.at(row.subject);
    const Record& peer = records.at(row.peer);
    const Comparison comparison = compare(subject.figures, peer.figures);
    results.push_back({.row = row,
                       .unit = contest.unit,
                       .better = contest.better,
                       .subject = subject,
                       .peer = peer,
                       .comparison = comparison,
                       .verdict = judge(comparison, row.goal, contest.better)});
  }
  return results;
}

}  // namespace cachekit::bench
