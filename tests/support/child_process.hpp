#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace cachekit::test {

/// A program that runs beside the test and never outlives it: it is killed with this object, and by
/// the kernel when the thread that started it ends, however that comes about.
class ChildProcess {
 public:
  /// Starts `arguments[0]`, an absolute path; its output goes to a file.
  ChildProcess(const std::vector<std::string>& arguments, const std::filesystem::path& output);
  ~ChildProcess() { kill(); }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] bool running();
  /// SIGSTOP, and waits until it has taken effect.
  void stop();
  /// SIGCONT.
  void resume();
  /// SIGKILL, and waits until it is gone.
  void kill();

 private:
  pid_t pid_ = -1;
};

/// Where a program is on PATH (or in sbin). Throws an error that names the package to install.
[[nodiscard]] std::string find_program(const std::string& name, const std::string& package);

}  // namespace cachekit::test
