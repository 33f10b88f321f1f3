#include "support/prometheus_check.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>

namespace cachekit::test {
namespace {

struct Metric {
  std::string type{};
  std::size_t samples = 0;
  std::map<std::string, std::vector<double>> buckets{};  // By the labels without le.
  std::map<std::string, std::string> last_bound{};
  std::map<std::string, double> counts{};
};

class Page {
 public:
  std::vector<std::string> check(std::string_view text) {
    if (!text.empty() && !text.ends_with('\n')) problem("the last line has no end");
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("# HELP ")) {
        help(line.substr(7));
      } else if (line.starts_with("# TYPE ")) {
        type(line.substr(7));
      } else {
        sample(line);
      }
    }
    for (const auto& [name, metric] : metrics_) finish(name, metric);
    return std::move(problems_);
  }

 private:
  void problem(const std::string& text) { problems_.push_back(text); }

  void help(const std::string& rest) {
    const std::string name = rest.substr(0, rest.find(' '));
    if (rest.size() <= name.size() + 1) problem(name + ": no help text");
    if (!helped_.insert(name).second) problem(name + ": second HELP");
    if (name == current_) problem(name + ": HELP after TYPE");
  }

  void type(const std::string& rest) {
    static const std::regex form("([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)");
    std::smatch parts;
    if (!std::regex_match(rest, parts, form)) return problem("no type: " + rest);
    current_ = parts[1];
    if (!helped_.contains(current_)) problem(current_ + ": no HELP before TYPE");
    if (metrics_.contains(current_)) problem(current_ + ": second TYPE");
    metrics_[current_].type = parts[2];
    check_name(current_, parts[2]);
  }

  void check_name(const std::string& name, const std::string& type) {
    static const std::regex camel("[a-z][A-Z]");
    static const std::regex odd_unit(
        "(^|_)(s|ms|us|ns|sec|secs|milliseconds|microseconds|nanoseconds|minutes|hours|days|kb|mb|"
        "gb|kib|mib|gib|kilobytes|megabytes|bits|percent|pct|per_s)(_|$)");
    if (std::regex_search(name, camel)) problem(name + ": camel case");
    if (std::regex_search(name, odd_unit)) problem(name + ": not in base units");
    if (name.ends_with("_total") != (type == "counter")) problem(name + ": _total or counter");
    static const std::regex reserved("_(count|sum|bucket)$");
    if (std::regex_search(name, reserved)) problem(name + ": ends as a histogram's part");
    static const std::regex typed("(^|_)(counter|gauge|histogram|summary)(_|$)");
    if (std::regex_search(name, typed)) problem(name + ": tells its type");
  }

  void sample(const std::string& line) {
    static const std::regex form(
        "([a-zA-Z_:][a-zA-Z0-9_:]*)(\\{((?:[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\\]|\\\\[\\\\\"n])*\""
        ",?)*)\\})? (\\S+)");
    std::smatch parts;
    if (!std::regex_match(line, parts, form)) return problem("no sample: " + line);
    double value = 0;
    const std::string number = parts[4];
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc() || end != number.data() + number.size()) {
      return problem("no number: " + line);
    }
    if (!series_.insert(parts[1].str() + "{" + parts[3].str() + "}").second) {
      problem("series twice: " + line);
    }
    if (current_.empty()) return problem("before any TYPE: " + line);
    add(parts[1], parts[3], value, line);
  }

  void add(const std::string& name, const std::string& labels, double value,
           const std::string& line) {
    Metric& metric = metrics_[current_];
    ++metric.samples;
    if (metric.type != "histogram") {
      if (name != current_) problem("below the TYPE of " + current_ + ": " + line);
      if (metric.type == "counter" && value < 0) problem("a counter below 0: " + line);
      return;
    }
    if (name == current_ + "_bucket") return add_bucket(metric, labels, value, line);
    if (name == current_ + "_count") metric.counts[labels] = value;
    if (name != current_ + "_count" && name != current_ + "_sum") {
      problem("below the TYPE of " + current_ + ": " + line);
    }
  }

  void add_bucket(Metric& metric, const std::string& labels, double value,
                  const std::string& line) {
    static const std::regex form("(.*?),?le=\"([^\"]+)\"");
    std::smatch parts;
    if (!std::regex_match(labels, parts, form)) return problem("a bucket without le: " + line);
    std::vector<double>& buckets = metric.buckets[parts[1]];
    if (!buckets.empty() && value < buckets.back()) problem("not cumulative: " + line);
    buckets.push_back(value);
    metric.last_bound[parts[1]] = parts[2];
  }

  void finish(const std::string& name, const Metric& metric) {
    if (metric.samples == 0) problem(name + ": no sample");
    for (const auto& [labels, buckets] : metric.buckets) {
      if (metric.last_bound.at(labels) != "+Inf") problem(name + ": no +Inf bucket");
      const auto count = metric.counts.find(labels);
      if (count == metric.counts.end() || count->second != buckets.back()) {
        problem(name + ": _count is not the last bucket");
      }
    }
  }

  std::string current_;
  std::set<std::string> helped_;
  std::map<std::string, Metric> metrics_;
  std::set<std::string> series_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> prometheus_problems(std::string_view page) { return Page().check(page); }

}  // namespace cachekit::test
