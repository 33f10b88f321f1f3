#include "memcached/compare_and_set_call.hpp"

#include "core/out_of_memory.hpp"
#include "memcached/owning_command.hpp"
#include "memcached/reply_values.hpp"

#include <new>
#include <utility>

namespace cachekit::memcached {

CompareAndSetCall::CompareAndSetCall(Cluster& cluster, const operation::CompareAndSet& operation,
                                     Deadline deadline, Report report)
    : DeferredState(std::move(report)),
      cluster_(cluster),
      deadline_(deadline),
      steps_(own(operation), cluster.owner(operation.key).endpoint()) {}

void CompareAndSetCall::start(std::stop_token stop) {
  begin(std::move(stop));
  try {
    go_on(steps_.begin());
  } catch (const std::bad_alloc&) {
    settle(fail(out_of_memory()));
  }
}

void CompareAndSetCall::go_on(const std::optional<Command>& next) noexcept {
  if (!next) return settle(std::move(steps_.outcome()));
  try {
    ask(*next);
  } catch (const std::bad_alloc&) {  // It was not sent.
    take(fail(out_of_memory()));
  }
}

void CompareAndSetCall::ask(const Command& command) {
  const auto nobody = [](const Result<Reply>&) {};
  auto asked =
      memcached::start<Reply, as_reply>(cluster_, command, deadline_, stop_token(), nobody);
  const bool heard = asked.try_step([this](Result<Reply> reply) { take(std::move(reply)); });
  if (!heard) settle(fail(out_of_memory(steps_.in_doubt())));
}

void CompareAndSetCall::take(Result<Reply> reply) noexcept {
  std::optional<Command> next;
  try {
    next = steps_.answered(std::move(reply));
  } catch (const std::bad_alloc&) {
    return settle(fail(out_of_memory(steps_.in_doubt())));
  }
  go_on(next);
}

}  // namespace cachekit::memcached
