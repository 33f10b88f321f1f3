#include "memory/at_fork.hpp"

#include "memory/store.hpp"

#include <algorithm>
#include <mutex>
#include <vector>

#include <pthread.h>

namespace cachekit::memory {
namespace {

struct Stores {
  std::mutex mutex;  // guards all, and is held during a fork
  std::vector<Store*> all;
};

// Never destroyed: caches that are static may be destroyed later, and a fork may come as late.
Stores& stores() {
  static auto* const stores = new Stores;
  return *stores;
}

void before_fork() {
  stores().mutex.lock();
  for (Store* const store : stores().all) store->lock_for_fork();
}

void after_fork(Process process) {
  for (Store* const store : stores().all) store->unlock_after_fork(process);
  stores().mutex.unlock();
}

}  // namespace

AtFork::AtFork(Store& store) : store_(store) {
  static const int registered = pthread_atfork(
      before_fork, [] { after_fork(Process::parent); }, [] { after_fork(Process::child); });
  static_cast<void>(registered);
  const std::lock_guard lock(stores().mutex);
  stores().all.push_back(&store);
}

AtFork::~AtFork() {
  const std::lock_guard lock(stores().mutex);
  std::erase(stores().all, &store_);
}

}  // namespace cachekit::memory
