#include "cli/shell.hpp"

#include "support/temp_dir.hpp"

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <stdexcept>

namespace cachekit::test {
namespace {

struct ClosePipe {
  void operator()(std::FILE* pipe) const { ::pclose(pipe); }
};

}  // namespace

std::string run_shell(const std::string& script) {
  const TempDir home;
  const std::string file = (home / "script").string();
  std::ofstream(file) << "cachekit='" CACHEKIT_COMMAND "'\nhome='" << home.path().string() << "'\n"
                      << "export HOME=$home\n"
                      << script << "\n";
  const std::string line = "env -i PATH=\"$PATH\" bash '" + file + "'";
  const std::unique_ptr<std::FILE, ClosePipe> pipe(::popen(line.c_str(), "r"));
  if (!pipe) throw std::runtime_error("cannot start a shell");
  std::string out;
  std::array<char, 4096> buffer{};
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) {
    out.append(buffer.data(), n);
  }
  return out;
}

}  // namespace cachekit::test
