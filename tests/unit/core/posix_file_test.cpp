#include "core/posix_file.hpp"

#include "support/catch.hpp"
#include "support/closed_standard.hpp"
#include "support/temp_dir.hpp"

#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace cachekit;
using core::File;
using test::ClosedStandard;

TEST_CASE("a file takes no place of a standard stream that the program has closed", "[core]") {
  const test::TempDir folder;
  std::optional<Result<File>> file;
  int taken = -1;
  {
    const ClosedStandard closed;
    file.emplace(File::open(folder / "snapshot", O_RDWR | O_CREAT, S_IRUSR | S_IWUSR));
    taken = ClosedStandard::taken();
  }
  REQUIRE(*file);
  CHECK((*file)->descriptor() > STDERR_FILENO);
  CHECK(taken == 0);
  CHECK((*file)->write("bytes"));
  CHECK((*file)->size() == 5U);
}
