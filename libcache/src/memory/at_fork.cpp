#include "memory/at_fork.hpp"

#include "core/mutex.hpp"
#include "memory/store.hpp"

#include <algorithm>
#include <vector>

#include <pthread.h>

namespace cachekit::memory {
namespace {

struct Stores {
  core::Mutex mutex;  // Held during a fork.
  std::vector<Store*> all CACHEKIT_GUARDED_BY(mutex);
};

// Never destroyed: caches that are static may be destroyed later, and a fork may come as late.
Stores& stores() {
  static auto* const stores = new Stores;
  return *stores;
}

// `pthread_atfork` calls these in pairs.
void before_fork() CACHEKIT_UNCHECKED_LOCKING {
  stores().mutex.lock();
  for (Store* const store : stores().all) store->lock_for_fork();
}

void after_fork(Process process) CACHEKIT_UNCHECKED_LOCKING {
  for (Store* const store : stores().all) store->unlock_after_fork(process);
  stores().mutex.unlock();
}

}  // namespace

AtFork::AtFork(Store& store) : store_(store) {
  static const int registered = pthread_atfork(
      before_fork, [] { after_fork(Process::parent); }, [] { after_fork(Process::child); });
  static_cast<void>(registered);
  const core::MutexLock lock(stores().mutex);
  stores().all.push_back(&store);
}

AtFork::~AtFork() {
  const core::MutexLock lock(stores().mutex);
  std::erase(stores().all, &store_);
}

}  // namespace cachekit::memory
