#include "cli/terminal.hpp"

#include "support/temp_dir.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>

#include <pty.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

namespace cachekit::test {
namespace {

// Reads until the other side is closed, which Linux tells by EIO.
std::string read_all(int terminal) {
  std::string all;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t n = ::read(terminal, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return all;
    all.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

}  // namespace

CommandResult run_on_terminal(const std::vector<std::string>& arguments,
                              const RunningCommand::Environment& environment,
                              unsigned short columns) {
  const TempDir home;
  std::vector<std::string> argument_texts{CACHEKIT_COMMAND};
  argument_texts.insert(argument_texts.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment_texts = environment_with(home.path(), environment);
  const std::vector<char*> argv = pointers_to(argument_texts);
  const std::vector<char*> envp = pointers_to(environment_texts);

  termios modes{};
  ::cfmakeraw(&modes);  // Line ends come as they were written.
  winsize size{};
  size.ws_row = 24;
  size.ws_col = columns;
  int terminal = -1;
  const pid_t pid = ::forkpty(&terminal, nullptr, &modes, &size);
  if (pid < 0) throw std::runtime_error("there is no terminal to be had");
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::execve(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
  CommandResult result;
  result.out = read_all(terminal);
  ::close(terminal);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace cachekit::test
