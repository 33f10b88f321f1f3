#include "data/dump_job.hpp"

#include "data/dumper.hpp"
#include "data/encoding.hpp"
#include "data/progress_bar.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

Error other_types(const DumpResult& result) {
  std::string names;
  for (const std::string& key : result.unreadable_keys) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ",
                         is_utf8(key) ? key : "base64:" + to_base64(key));
  }
  if (result.unreadable > result.unreadable_keys.size()) names += ", ...";
  return {Errc::rejected,
          fmt::format("{} key{} left out, which hold something else than a string: {}",
                      result.unreadable, result.unreadable == 1 ? "" : "s", names),
          {},
          "the rest was dumped; narrow it with --pattern, and save those with redis-cli DUMP"};
}

}  // namespace

JobEnd run_dump(const Job& job, CacheBackend& backend, const std::string& pattern) {
  std::optional<Error> unwritable;
  bool closed = false;
  ProgressBar bar(job.progress, job.talk);
  std::uint64_t lines_written = 0;
  Dumper dumper(
      backend,
      [&](std::string_view lines) {
        Result<bool> written = write_out(job, lines);
        if (!written) unwritable = std::move(written.error());
        closed = written && !*written;
        lines_written += static_cast<std::uint64_t>(std::ranges::count(lines, '\n'));
        bar.show(std::nullopt, fmt::format("{} dumped", lines_written));
        return written.value_or(false);
      },
      job.interrupted);
  DumpResult result = dumper.run(pattern);
  bar.clear();
  if (unwritable) return JobEnd::failure(std::move(*unwritable));
  if (closed) return {};
  if (result.error && result.error->code == Errc::cancelled) return {JobEnd::How::interrupted};
  if (result.error) return JobEnd::failure(std::move(*result.error));
  if (result.unreadable > 0) return JobEnd::failure(other_types(result));
  return {};
}

}  // namespace cachekit::cli
