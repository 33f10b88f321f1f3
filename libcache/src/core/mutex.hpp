#pragma once

#include <condition_variable>
#include <mutex>

/// Locks whose use clang checks when it compiles
/// (https://clang.llvm.org/docs/ThreadSafetyAnalysis.html,
/// `-Wthread-safety`, part of `scripts/lint.sh tidy`). Other compilers see a `std::mutex`.
///
///     core::Mutex mutex_;
///     std::size_t count_ CACHEKIT_GUARDED_BY(mutex_) = 0;
///     void count_one() CACHEKIT_REQUIRES(mutex_);

#if defined(__clang__)
#define CACHEKIT_THREAD_SAFETY(annotation) __attribute__((annotation))
#else
#define CACHEKIT_THREAD_SAFETY(annotation)
#endif

/// Of a member: read and changed with the lock held alone.
#define CACHEKIT_GUARDED_BY(lock) CACHEKIT_THREAD_SAFETY(guarded_by(lock))
/// Of a lock: whoever takes both takes this one first.
#define CACHEKIT_ACQUIRED_BEFORE(lock) CACHEKIT_THREAD_SAFETY(acquired_before(lock))
/// Of a function: called with the locks held, and they are held when it returns.
#define CACHEKIT_REQUIRES(...) CACHEKIT_THREAD_SAFETY(requires_capability(__VA_ARGS__))
/// The same, with others that read beside it.
#define CACHEKIT_REQUIRES_SHARED(...) \
  CACHEKIT_THREAD_SAFETY(requires_shared_capability(__VA_ARGS__))
/// Of a function: called without the locks; it takes them.
#define CACHEKIT_EXCLUDES(...) CACHEKIT_THREAD_SAFETY(locks_excluded(__VA_ARGS__))
#define CACHEKIT_ACQUIRE(...) CACHEKIT_THREAD_SAFETY(acquire_capability(__VA_ARGS__))
#define CACHEKIT_ACQUIRE_SHARED(...) CACHEKIT_THREAD_SAFETY(acquire_shared_capability(__VA_ARGS__))
#define CACHEKIT_TRY_ACQUIRE(...) CACHEKIT_THREAD_SAFETY(try_acquire_capability(__VA_ARGS__))
#define CACHEKIT_RELEASE(...) CACHEKIT_THREAD_SAFETY(release_capability(__VA_ARGS__))
/// Of a scoped lock that holds it alone or beside others.
#define CACHEKIT_RELEASE_GENERIC(...) \
  CACHEKIT_THREAD_SAFETY(release_generic_capability(__VA_ARGS__))
/// Of a function that gives a reference to the lock.
#define CACHEKIT_RETURNS_LOCK(lock) CACHEKIT_THREAD_SAFETY(lock_returned(lock))
#define CACHEKIT_CAPABILITY(kind) CACHEKIT_THREAD_SAFETY(capability(kind))
#define CACHEKIT_SCOPED_CAPABILITY CACHEKIT_THREAD_SAFETY(scoped_lockable)
/// Of a function whose locking cannot be followed; a comment there says why it is right.
#define CACHEKIT_UNCHECKED_LOCKING CACHEKIT_THREAD_SAFETY(no_thread_safety_analysis)

namespace cachekit::core {

/// A `std::mutex` that clang knows as one.
class CACHEKIT_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  ~Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() CACHEKIT_ACQUIRE() { mutex_.lock(); }
  [[nodiscard]] bool try_lock() CACHEKIT_TRY_ACQUIRE(true) { return mutex_.try_lock(); }
  void unlock() CACHEKIT_RELEASE() { mutex_.unlock(); }

 private:
  friend class MutexLock;

  std::mutex mutex_;
};

/// Holds a mutex until the end of its scope; may be let go of and taken again meanwhile.
class CACHEKIT_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) CACHEKIT_ACQUIRE(mutex) : lock_(mutex.mutex_) {}
  /// Of one that was locked already, by `try_lock`.
  MutexLock(Mutex& mutex, std::adopt_lock_t adopt) CACHEKIT_REQUIRES(mutex)
      : lock_(mutex.mutex_, adopt) {}
  ~MutexLock() CACHEKIT_RELEASE() = default;
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void lock() CACHEKIT_ACQUIRE() { lock_.lock(); }
  void unlock() CACHEKIT_RELEASE() { lock_.unlock(); }

 private:
  friend class ConditionVariable;

  std::unique_lock<std::mutex> lock_;
};

/// A `std::condition_variable` for these locks. The analysis sees a lock that stays held: what it
/// guards may have changed nevertheless. A condition that reads what is guarded is a lambda with
/// `CACHEKIT_REQUIRES`.
class ConditionVariable {
 public:
  void notify_one() noexcept { changed_.notify_one(); }
  void notify_all() noexcept { changed_.notify_all(); }

  template <typename Condition>
  void wait(MutexLock& lock, const Condition& holds) {
    changed_.wait(lock.lock_, holds);
  }
  template <typename TimePoint>
  std::cv_status wait_until(MutexLock& lock, const TimePoint& until) {
    return changed_.wait_until(lock.lock_, until);
  }
  template <typename TimePoint, typename Condition>
  bool wait_until(MutexLock& lock, const TimePoint& until, const Condition& holds) {
    return changed_.wait_until(lock.lock_, until, holds);
  }

 private:
  std::condition_variable changed_;
};

}  // namespace cachekit::core
