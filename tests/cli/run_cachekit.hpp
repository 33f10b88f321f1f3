#pragma once

#include "support/temp_dir.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace cachekit::test {

struct CommandResult {
  int exit_code = -1;  ///< 128 + N where signal N ended it.
  std::string out{};
  std::string err{};
};

/// The cachekit command at work, with none of the caller's configuration in its environment, and
/// gone with this object.
class RunningCommand {
 public:
  using Environment = std::vector<std::pair<std::string, std::string>>;

  explicit RunningCommand(const std::vector<std::string>& arguments, const std::string& input = {},
                          const Environment& environment = {});
  ~RunningCommand();
  RunningCommand(const RunningCommand&) = delete;
  RunningCommand& operator=(const RunningCommand&) = delete;

  void signal(int number) const;
  /// How many sockets it has open.
  [[nodiscard]] std::size_t sockets() const;
  /// Whether it waits for something.
  [[nodiscard]] bool sleeps() const;
  /// Waits for its end. Once.
  [[nodiscard]] CommandResult wait();

 private:
  TempDir folder_;
  pid_t pid_ = -1;
};

/// The texts as `execve` wants them. Lifetime: the texts outlive the pointers.
[[nodiscard]] std::vector<char*> pointers_to(std::vector<std::string>& texts);
/// The environment of a command under test: `more`, and little else.
[[nodiscard]] std::vector<std::string> environment_with(const std::filesystem::path& home,
                                                        const RunningCommand::Environment& more);

[[nodiscard]] CommandResult run_cachekit(const std::vector<std::string>& arguments,
                                         const std::string& input = {},
                                         const RunningCommand::Environment& environment = {});

/// Looks until it is so; fails the test after a minute.
void wait_until(const std::function<bool()>& condition);

}  // namespace cachekit::test
