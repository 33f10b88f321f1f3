#pragma once

#include <cachekit/deadline.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <utility>

namespace cachekit::cli {

/// Lets a run remove what it has put on a server also when it was interrupted, from when on servers
/// get no more time: each step has a short budget of its own then, and so have all of them
/// together.
class Cleanup {
 public:
  explicit Cleanup(std::function<bool()> interrupted) : interrupted_(std::move(interrupted)) {}
  ~Cleanup() {
    if (hurried_) Deadline::cut_all(Deadline::clock::now());
  }
  Cleanup(const Cleanup&) = delete;
  Cleanup& operator=(const Cleanup&) = delete;

  /// Whether the run was interrupted and has had its time since.
  [[nodiscard]] bool is_over() const {
    return hurried_ && Deadline::clock::now() - *hurried_ >= longest_wait;
  }

  /// Runs a step that does no harm when it is done twice, with its budget.
  template <typename Step>
  auto run(const Step& step, std::chrono::milliseconds budget) {
    if (!hurry()) {
      auto done = step(budget);
      if (done || !hurry()) return done;
    }
    return step(std::min<std::chrono::milliseconds>(budget, short_budget));
  }

 private:
  static constexpr auto short_budget = std::chrono::milliseconds(400);
  static constexpr auto longest_wait = std::chrono::seconds(1);

  bool hurry() {
    if (!hurried_ && interrupted_()) {
      hurried_ = Deadline::clock::now();
      Deadline::uncut_all();
    }
    return hurried_.has_value();
  }

  std::function<bool()> interrupted_;
  std::optional<Deadline::clock::time_point> hurried_{};  // Since when.
};

}  // namespace cachekit::cli
