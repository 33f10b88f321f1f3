#include "load/runner.hpp"
#include "load/trace_reader.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

#include <cachekit/memory.hpp>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

using namespace cachekit;
using namespace cachekit::cli;

namespace {

TraceFile at(const std::string& path) { return {path, path}; }

const auto never = [] { return false; };

std::string written(const test::TempDir& folder, const std::string& name, const std::string& text) {
  const auto path = folder.path() / name;
  std::ofstream(path, std::ios::binary) << text;
  return path.string();
}

// The same file, compressed, with ".xz" after its name.
std::string compressed(const std::string& path) {
  REQUIRE(std::system(("xz --keep --force '" + path + "'").c_str()) == 0);
  return path + ".xz";
}

std::vector<std::string> keys_of(const std::string& path) {
  auto trace = TraceReader::open(at(path), never);
  REQUIRE(trace.has_value());
  std::vector<std::string> keys;
  std::string key;
  while (trace->next(key).value()) keys.push_back(key);
  return keys;
}

BenchOptions idempotent_of(const std::string& path) {
  BenchOptions options;
  options.distribution = {.kind = Distribution::Kind::trace, .trace = path};
  options.verify = true;
  return options;
}

}  // namespace

TEST_CASE("a trace has one key a line, whatever ends the lines", "[cli][bench][trace]") {
  const test::TempDir folder;
  const std::vector<std::string> keys{"1", "two words", "1"};
  for (const std::string text :
       {"1\ntwo words\n1", "1\r\n\r\ntwo words\r\n1\r\n", "1\n\n\ntwo words\n1\n"}) {
    const std::string path = written(folder, "trace", text);
    CHECK(keys_of(path) == keys);
    CHECK(keys_of(compressed(path)) == keys);
    CHECK(count_keys(at(path), never).value() == 3);
  }
}

TEST_CASE("a trace that is large, or compressed in several parts, is read to its end",
          "[cli][bench][trace]") {
  const test::TempDir folder;
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += std::to_string(i % 1000 * 7919 % 100'003) + "\n";
  const std::string path = written(folder, "trace", text);
  CHECK(count_keys(at(path), never).value() == 300'000);
  const std::string part = compressed(path);
  std::ifstream in(part, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  CHECK(count_keys(at(written(folder, "twice", bytes + bytes)), never).value() == 600'000);
}

TEST_CASE("what is no trace is refused with the reason", "[cli][bench][trace]") {
  const test::TempDir folder;
  const std::string path = written(folder, "trace", "1\n2\n");
  std::ifstream in(compressed(path), std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  const std::string cut = written(folder, "cut", bytes.substr(0, bytes.size() / 2));
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x55);
  const std::string damaged = written(folder, "damaged", bytes);
  const std::string endless = written(folder, "endless", std::string(100'000, 'x'));
  CHECK(count_keys(at(cut), never).error().code == Errc::decode);
  CHECK(count_keys(at(damaged), never).error().code == Errc::decode);
  CHECK(count_keys(at(endless), never).error().message.find("line 1") != std::string::npos);
  CHECK(count_keys(at(written(folder, "empty", "")), never).error().code == Errc::invalid_argument);
  CHECK(count_keys(at((folder.path() / "none").string()), never).error().code ==
        Errc::invalid_argument);
  CHECK(count_keys(at("/dev/null"), never).error().code == Errc::invalid_argument);
  CHECK(count_keys(at(folder.path().string()), never).error().code == Errc::invalid_argument);
}

TEST_CASE("a replay gets each key once, and sets where that missed", "[cli][bench][trace]") {
  const test::TempDir folder;
  const std::string path = written(folder, "trace", "a\nb\na\nc\nb\na\nd\na\n");
  InMemoryBackend backend({.max_entries = 2, .policy = EvictionPolicy::lru});
  const auto report =
      run_bench(backend, idempotent_of(path), never, [](std::string_view, double) {});
  REQUIRE(report.has_value());
  // Two places: a and b come in, a hits, c takes b's place, b takes a's, a takes c's, d takes b's.
  CHECK(report->operations.at(0).count == 8);
  CHECK(report->operations.at(0).hits == 2U);
  CHECK(report->operations.at(1).count == 6);
  CHECK(report->hit_ratio == 0.25);
  CHECK(report->errors == 0);
  CHECK(report->wrong_answers == 0U);
}

TEST_CASE("a replay that is interrupted reports what there is", "[cli][bench][trace]") {
  const test::TempDir folder;
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += std::to_string(i) + "\n";
  InMemoryBackend backend;
  int looks = 0;
  const auto report = run_bench(
      backend, idempotent_of(written(folder, "trace", text)), [&] { return ++looks > 1000; },
      [](std::string_view, double) {});
  REQUIRE(report.has_value());
  CHECK(report->interrupted);
  CHECK(report->count > 0);
  CHECK(report->count < 20'000);
}
