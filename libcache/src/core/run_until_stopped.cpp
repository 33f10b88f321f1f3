// Calls that are waited for and can be withdrawn: begun as those that nobody waits for, a piece of
// a batch at a time, so that a batch of any size keeps within the usual bounds of what is under
// way.

#include "core/count_outcome.hpp"
#include "core/out_of_memory.hpp"

#include <cachekit/backend.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

namespace cachekit {
namespace {

constexpr std::size_t most_operations = 1000;
constexpr std::size_t most_bytes = std::size_t{4} << 20;

template <typename Operation>
std::size_t value_size(const Operation& operation) noexcept {
  if constexpr (requires { operation.value.size(); }) {
    return operation.value.size();
  } else {
    return 0;
  }
}

// The first operations, at least one.
template <typename Operation>
std::size_t size_of_piece(std::span<const Operation> operations) noexcept {
  const std::size_t most = std::min(operations.size(), most_operations);
  std::size_t bytes = value_size(operations[0]);
  std::size_t size = 1;
  while (size < most && (bytes += value_size(operations[size])) <= most_bytes) ++size;
  return size;
}

}  // namespace

void CacheBackend::run_until_stopped(const AnyBatch& any, const CallOptions& options) {
  const auto run = [&]<typename Operation>(const BatchOf<Operation>& batch) {
    const Result<Deadline> deadline = deadline_for(options.timeout);
    const auto fail_rest = [&](const BatchOf<Operation>& rest, const Error& error) {
      fail_each(rest, error);
      for (const auto& outcome : rest.outcomes) count_outcome<Operation>(metrics_, outcome);
    };
    BatchOf<Operation> rest = batch;
    while (!rest.operations.empty()) {
      if (options.stop.stop_requested()) {
        return fail_rest(rest, Error{Errc::cancelled, "the call was withdrawn before it began"});
      }
      const std::size_t size = size_of_piece(rest.operations);
      AnyAsyncBatch piece(detail::AsyncBatch<Operation>{.operations = rest.operations.first(size),
                                                        .stop = options.stop});
      begin_many(piece, deadline);
      auto outcomes = std::move(std::get<detail::AsyncBatch<Operation>>(piece).pending).get();
      if (outcomes) {
        std::ranges::move(*outcomes, rest.outcomes.begin());
      } else {  // It is counted.
        fail_each(BatchOf<Operation>{rest.operations.first(size), rest.outcomes.first(size)},
                  outcomes.error());
      }
      rest = {rest.operations.subspan(size), rest.outcomes.subspan(size)};
    }
  };
  std::visit(run, any);
}

}  // namespace cachekit
