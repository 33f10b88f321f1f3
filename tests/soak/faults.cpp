#include "faults.hpp"

#include <thread>

namespace cachekit::soak {

FaultInjector::FaultInjector(std::uint64_t seed, test::LocalServer& server, test::FaultProxy& proxy,
                             Epoch& epoch)
    : random_(seed),
      server_(server),
      proxy_(proxy),
      epoch_(epoch),
      kinds_{{{"resets", 20, &FaultInjector::reset},
              {"orderly ends", 10, &FaultInjector::close},
              {"refusals", 5, &FaultInjector::refuse},
              {"held requests", 10, &FaultInjector::hold_requests},
              {"held replies", 15, &FaultInjector::hold_replies},
              {"stalls", 10, &FaultInjector::stall},
              {"requests cut", 10, &FaultInjector::cut_requests},
              {"replies cut", 20, &FaultInjector::cut_replies},
              {"bytes split", 10, &FaultInjector::split_bytes},
              {"processes stopped", 8, &FaultInjector::stop_process},
              {"processes killed", 3, &FaultInjector::kill_process}}} {}

const char* FaultInjector::choose() {
  unsigned all = 0;
  for (const Kind& kind : kinds_) all += kind.weight;
  unsigned number = any(0, all - 1);
  chosen_ = kinds_.data();
  while (number >= chosen_->weight) {
    number -= chosen_->weight;
    ++chosen_;
  }
  return chosen_->name;
}

void FaultInjector::inject() {
  ++chosen_->count;
  (this->*chosen_->act)();
}

std::vector<std::pair<std::string, std::uint64_t>> FaultInjector::counts() const {
  std::vector<std::pair<std::string, std::uint64_t>> counts;
  for (const Kind& kind : kinds_) counts.emplace_back(kind.name, kind.count);
  return counts;
}

unsigned FaultInjector::any(unsigned from, unsigned to) {
  return std::uniform_int_distribution<unsigned>(from, to)(random_);
}

// Mostly shorter than a call's budget, now and then longer.
void FaultInjector::hold_for_a_while() {
  const unsigned milliseconds = any(1, 10) == 1 ? any(100, 250) : any(2, 40);
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

void FaultInjector::reset() { proxy_.reset_connections(); }

void FaultInjector::close() { proxy_.close_connections(); }

void FaultInjector::refuse() {
  proxy_.refuse();
  proxy_.reset_connections();
  hold_for_a_while();
  proxy_.accept();
}

void FaultInjector::hold_requests() {
  proxy_.hold_requests();
  hold_for_a_while();
  proxy_.pass();
}

void FaultInjector::hold_replies() {
  proxy_.hold_replies();
  hold_for_a_while();
  proxy_.pass();
}

void FaultInjector::stall() {
  proxy_.stall();
  hold_for_a_while();
  proxy_.pass();
}

void FaultInjector::cut_requests() {
  proxy_.cut_requests_after(any(0, 500), static_cast<int>(any(1, 3)));
  hold_for_a_while();
  proxy_.pass();
}

void FaultInjector::cut_replies() {
  proxy_.cut_replies_after(any(0, 500), static_cast<int>(any(1, 3)));
  hold_for_a_while();
  proxy_.pass();
}

void FaultInjector::split_bytes() {
  proxy_.split_bytes();
  hold_for_a_while();
  proxy_.join_bytes();
}

void FaultInjector::stop_process() {
  server_.stop();
  hold_for_a_while();
  server_.resume();
}

void FaultInjector::kill_process() {
  epoch_.end();
  server_.kill();
  hold_for_a_while();
  server_.restart();
  epoch_.end();
}

}  // namespace cachekit::soak
