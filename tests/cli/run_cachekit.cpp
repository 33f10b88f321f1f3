#include "cli/run_cachekit.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cachekit::test {
namespace {

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// Between fork and exec: only calls that are safe there.
void redirect(const char* path, int flags, int descriptor) {
  const int file = ::open(path, flags, 0600);
  if (file < 0 || ::dup2(file, descriptor) < 0) ::_exit(127);
}

}  // namespace

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_with(const std::filesystem::path& home,
                                          const RunningCommand::Environment& more) {
  const char* const path = std::getenv("PATH");
  std::vector<std::string> texts{std::string("PATH=") + (path == nullptr ? "" : path),
                                 "HOME=" + home.string(), "XDG_CONFIG_HOME=" + home.string()};
  for (const auto& [name, value] : more) texts.push_back(name + "=" + value);
  return texts;
}

RunningCommand::RunningCommand(const std::vector<std::string>& arguments, const std::string& input,
                               const Environment& environment) {
  std::vector<std::string> argument_texts{CACHEKIT_COMMAND};
  argument_texts.insert(argument_texts.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment_texts = environment_with(folder_.path(), environment);
  const std::vector<char*> argv = pointers_to(argument_texts);
  const std::vector<char*> envp = pointers_to(environment_texts);
  const std::string in = (folder_ / "stdin").string();
  const std::string out = (folder_ / "stdout").string();
  const std::string err = (folder_ / "stderr").string();
  std::ofstream(in, std::ios::binary) << input;

  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("cannot start " CACHEKIT_COMMAND);
  if (pid_ > 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  redirect(in.c_str(), O_RDONLY, STDIN_FILENO);
  redirect(out.c_str(), O_WRONLY | O_CREAT, STDOUT_FILENO);
  redirect(err.c_str(), O_WRONLY | O_CREAT, STDERR_FILENO);
  ::execve(argv[0], argv.data(), envp.data());
  ::_exit(127);
}

RunningCommand::~RunningCommand() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void RunningCommand::signal(int number) const { ::kill(pid_, number); }

std::size_t RunningCommand::sockets() const {
  std::size_t count = 0;
  std::error_code gone;
  const std::filesystem::path folder = "/proc/" + std::to_string(pid_) + "/fd";
  for (const auto& entry : std::filesystem::directory_iterator(folder, gone)) {
    if (std::filesystem::read_symlink(entry, gone).string().starts_with("socket:")) ++count;
  }
  return count;
}

bool RunningCommand::sleeps() const {
  const std::string stat = read_file("/proc/" + std::to_string(pid_) + "/stat");
  return stat.find(") S ") != std::string::npos;
}

CommandResult RunningCommand::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          read_file(folder_ / "stdout"), read_file(folder_ / "stderr")};
}

CommandResult run_cachekit(const std::vector<std::string>& arguments, const std::string& input,
                           const RunningCommand::Environment& environment) {
  return RunningCommand(arguments, input, environment).wait();
}

void wait_until(const std::function<bool()>& condition) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up) throw std::runtime_error("it never came about");
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace cachekit::test
