#include "simulation/scripted_link.hpp"

#include <algorithm>

namespace cachekit::test {

ScriptedLink::ScriptedLink(VirtualRuntime& runtime, const Faults& faults, PeerLog& log,
                           std::size_t number)
    : runtime_(runtime),
      faults_(faults),
      log_(log),
      number_(number),
      changed_(runtime.make_condition()) {
  const auto within = [&](std::chrono::microseconds span) {
    const auto count = static_cast<std::uint64_t>(span.count());
    if (count == 0) return Time::max();
    return runtime_.now() + std::chrono::microseconds(runtime_.below(count));
  };
  broken_at_ = within(faults.breaks_within);
  hung_at_ = within(faults.hangs_within);
  forgets_ = one_in(2);
}

std::size_t ScriptedLink::at(const std::string& name) const {
  const std::size_t found = planned_.find("\n" + name + "\n");
  return found == std::string::npos ? found : found + 1;
}

bool ScriptedLink::planned(const std::string& name) const { return at(name) != std::string::npos; }

bool ScriptedLink::had_part_of(const std::string& name) const {
  return planned(name) && at(name) < taken_;
}

ScriptedLink::Time ScriptedLink::later(Time than) {
  const auto longest = static_cast<std::uint64_t>(faults_.longest_delay.count());
  return std::max(than, runtime_.now() + std::chrono::microseconds(runtime_.below(longest + 1)));
}

ScriptedLink::Status ScriptedLink::write(std::string_view bytes, std::size_t& taken) {
  taken = 0;
  if (shut_ || runtime_.now() >= broken_at_) return Status::closed;
  if (one_in(faults_.refused_write)) return Status::nothing;
  taken = one_in(faults_.partial_write) ? 1 + runtime_.below(bytes.size()) : bytes.size();
  must(planned_.substr(taken_, taken) == bytes.substr(0, taken),
       "what is written is not what was to be written next");
  taken_ += taken;
  const Time earliest = to_peer_.empty() ? runtime_.now() : to_peer_.back().at;
  to_peer_.push_back({later(earliest), std::string(bytes.substr(0, taken))});
  changed_->notify_all();
  return Status::done;
}

// What was on its way when it broke may still arrive, or not.
void ScriptedLink::catch_up(Time now) {
  while (!to_peer_.empty() && to_peer_.front().at <= now) {
    const Piece piece = std::move(to_peer_.front());
    to_peer_.pop_front();
    if (piece.at < broken_at_ || !forgets_) arrive(piece);
  }
}

void ScriptedLink::arrive(const Piece& piece) {
  half_ += piece.bytes;
  for (auto end = half_.find('\n'); end != std::string::npos; end = half_.find('\n')) {
    std::string line = half_.substr(0, end + 1);
    half_.erase(0, end + 1);
    log_.entries.push_back({line.substr(0, end), number_});
    if (piece.at >= hung_at_) continue;
    Time when = later(std::max(piece.at, to_client_.empty() ? piece.at : to_client_.back().at));
    if (one_in(4)) {  // In two pieces.
      const std::size_t cut = 1 + runtime_.below(line.size() - 1);
      to_client_.push_back({when, line.substr(0, cut)});
      line.erase(0, cut);
      when = later(when);
    }
    to_client_.push_back({when, std::move(line)});
  }
}

bool ScriptedLink::take_arrived(std::string& bytes) {
  const Time now = runtime_.now();
  const bool all = one_in(2);
  while (!to_client_.empty() && to_client_.front().at <= now && (all || bytes.empty())) {
    if (to_client_.front().at >= broken_at_ || (forgets_ && now >= broken_at_)) return false;
    bytes += to_client_.front().bytes;
    to_client_.pop_front();
  }
  answered_ += bytes.size();
  return !bytes.empty();
}

// What nobody asked for is told from an answer by what it says, or by that nothing was asked.
ScriptedLink::Status ScriptedLink::read(Time until, bool writing, std::string& bytes,
                                        bool& unasked) {
  std::unique_lock lock(mutex_);
  while (true) {
    const Time now = runtime_.now();
    catch_up(now);
    if (shut_) return Status::closed;
    if (take_arrived(bytes)) {
      unasked = bytes.back() == '\n' && one_in(faults_.unasked);
      const bool quiet = !writing && answered_ == taken_ && half_.empty();
      if (unasked) bytes += quiet && one_in(2) ? "w0.0\n" : "?unasked\n";
      return Status::done;
    }
    if (now >= broken_at_) return Status::closed;
    if (now >= until) return Status::nothing;
    Time next = std::min(until, broken_at_);
    if (!to_peer_.empty()) next = std::min(next, to_peer_.front().at);
    if (!to_client_.empty()) next = std::min(next, to_client_.front().at);
    changed_->wait_until(lock, next);
  }
}

bool ScriptedLink::readable() {
  catch_up(runtime_.now());
  const Time now = runtime_.now();
  return shut_ || now >= broken_at_ || (!to_client_.empty() && to_client_.front().at <= now);
}

void ScriptedLink::shut() {
  shut_ = true;
  changed_->notify_all();
}

}  // namespace cachekit::test
