#pragma once

#include <cerrno>
#include <csignal>
#include <functional>
#include <string>

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cachekit::test {

#if defined(__SANITIZE_THREAD__)
/// For a child that starts threads: glibc would give them the stacks of its parent's threads, whose
/// identities ThreadSanitizer believes to be in use. Larger stacks are not among those.
inline void take_new_stacks() {
  pthread_attr_t attributes;
  std::size_t size = 0;
  if (::pthread_getattr_default_np(&attributes) != 0) return;
  ::pthread_attr_getstacksize(&attributes, &size);
  ::pthread_attr_setstacksize(&attributes, 2 * size);
  ::pthread_setattr_default_np(&attributes);
  ::pthread_attr_destroy(&attributes);
}
#else
inline void take_new_stacks() {}
#endif

/// A forked child that does `work` and ends with its outcome. One that hangs is ended by SIGALRM.
class Child {
 public:
  explicit Child(const std::function<bool()>& work) : pid_(::fork()) {
    if (pid_ != 0) return;
    ::alarm(20);
    take_new_stacks();
    ::_exit(work() ? 0 : 1);
  }
  ~Child() {
    if (pid_ > 0) static_cast<void>(outcome());
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] std::string outcome() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    if (WIFSIGNALED(status)) {
      return WTERMSIG(status) == SIGALRM ? "hung" : "signal " + std::to_string(WTERMSIG(status));
    }
    return WEXITSTATUS(status) == 0 ? "right" : "wrong";
  }

 private:
  pid_t pid_;
};

}  // namespace cachekit::test
