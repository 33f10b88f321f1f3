#include "faults.hpp"

#include "system_calls.hpp"

#include <thread>

namespace cachekit::soak {

FaultInjector::FaultInjector(std::uint64_t seed, test::Speech speech, test::LocalServer& server,
                             test::FaultProxy& proxy, Epoch& epoch, Tally& tally)
    : random_(seed),
      speech_(speech),
      server_(server),
      proxy_(proxy),
      epoch_(epoch),
      tally_(tally),
      kinds_{{{"resets", 20, &FaultInjector::reset},
              {"orderly ends", 10, &FaultInjector::close},
              {"refusals", 5, &FaultInjector::refuse},
              {"held requests", 10, &FaultInjector::hold_requests},
              {"held replies", 15, &FaultInjector::hold_replies},
              {"stalls", 10, &FaultInjector::stall},
              {"requests cut", 10, &FaultInjector::cut_requests},
              {"replies cut", 20, &FaultInjector::cut_replies},
              {"bytes split", 10, &FaultInjector::split_bytes},
              {"bytes nobody asked for", 15, &FaultInjector::interject},
              {"requests stalled half-way", 10, &FaultInjector::halve_requests},
              {"short writes", 10, &FaultInjector::shorten_writes},
              {"resolvers hung", 6, &FaultInjector::hang_resolver},
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

// None of this is a reply, nor becomes one with what follows: nobody could tell that from a right
// one.
void FaultInjector::interject() {
  static constexpr std::array of_redis{"!what\r\n", "*", "\r\n", "$1", "\1\2\3"};
  static constexpr std::array of_memcached{"WHAT 1 2\r\n", "VA", "\r\n", "X", "\1\2\3"};
  const auto& words = speech_ == test::Speech::redis ? of_redis : of_memcached;
  for (unsigned left = any(1, 5); left > 0; --left) {
    tally_.strays_until = clock::now() + std::chrono::seconds(2);
    proxy_.interject(words[any(0, static_cast<unsigned>(words.size() - 1))]);
    std::this_thread::sleep_for(std::chrono::milliseconds(any(1, 5)));
  }
}

void FaultInjector::halve_requests() {
  proxy_.hold_requests_after(any(0, 2'000));
  hold_for_a_while();
  proxy_.pass();
}

void FaultInjector::shorten_writes() {
  take_little(proxy_.port(), any(1, 2'000));
  if (any(0, 1) == 0) proxy_.reset_connections();
  hold_for_a_while();
  if (any(0, 1) == 0) proxy_.reset_connections();
  take_little(proxy_.port(), 0);
}

void FaultInjector::hang_resolver() {
  soak::hang_resolver(true);
  proxy_.reset_connections();
  hold_for_a_while();
  soak::hang_resolver(false);
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
