#include "subject.hpp"

#include <algorithm>
#include <atomic>

namespace cachekit::test {

const std::vector<const contract::Candidate*>& all_candidates() {
  static const std::vector<contract::Candidate> all = contract::candidates();
  static const std::vector<const contract::Candidate*> pointers = [] {
    std::vector<const contract::Candidate*> made(all.size());
    std::ranges::transform(all, made.begin(), [](const auto& one) { return &one; });
    return made;
  }();
  return pointers;
}

Subject::Subject(const contract::Candidate& candidate)
    : candidate_(candidate), backend_(candidate.make()) {
  static std::atomic<unsigned> serial{0};
  prefix_ = "subject" + std::to_string(++serial) + ":";
}

std::size_t Subject::oversize() const {
  return candidate_.oversize > 0 ? candidate_.oversize
                                 : backend_->capabilities().max_value_bytes + 1;
}

}  // namespace cachekit::test
