#include "data/job.hpp"

#include <cerrno>
#include <cstring>
#include <string>

namespace cachekit::cli {

Result<bool> write_out(const Job& job, std::string_view text) {
  errno = 0;
  const bool written = std::fwrite(text.data(), 1, text.size(), job.out) == text.size();
  if (written && std::fflush(job.out) == 0) return true;
  if (errno == EPIPE) return false;
  return fail(Errc::rejected, std::string("cannot write the output: ") + std::strerror(errno), {},
              "check the space left where the output goes");
}

}  // namespace cachekit::cli
