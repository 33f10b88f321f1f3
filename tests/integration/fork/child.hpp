#pragma once

#include <cerrno>
#include <csignal>
#include <functional>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace cachekit::test {

/// A forked child that does `work` and ends with its outcome. One that hangs is ended by SIGALRM.
class Child {
 public:
  explicit Child(const std::function<bool()>& work) : pid_(::fork()) {
    if (pid_ != 0) return;
    ::alarm(20);
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
