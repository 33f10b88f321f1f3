#include "load/trace_reader.hpp"

#include "transfer/data_input.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

constexpr std::size_t longest_line = 65'536;

// What is behind the bracket tells it from a key.
bool begins_json_array(std::string_view line) {
  if (!line.starts_with('[')) return false;
  const std::size_t next = line.find_first_not_of(" \t", 1);
  return next == std::string_view::npos || line[next] == '"' || line[next] == '{';
}

}  // namespace

Result<TraceReader> TraceReader::open(const TraceFile& file, std::function<bool()> interrupted) {
  std::error_code none;
  const std::filesystem::path path(file.path);
  if (std::filesystem::exists(path, none) && !std::filesystem::is_regular_file(path, none)) {
    return fail(Errc::invalid_argument, fmt::format("{} is no regular file", file.name), {},
                "a trace is read more than once: write it to a file first");
  }
  Result<DataInput> input =
      open_input(file.path, std::move(interrupted)).and_then([&](ReadSome read) {
        return recognise(std::move(read), file.name);
      });
  if (!input) return fail(std::move(input).error());
  return TraceReader(file.name, std::move(input->read));
}

tl::unexpected<Error> TraceReader::json_array() const {
  return fail(Errc::invalid_argument,
              fmt::format("{} is a JSON array, and a trace has one key on each line", path_), {},
              fmt::format("convert it, as with: jq -r '.[]' {} > NEW", path_));
}

Result<bool> TraceReader::next(std::string& key) {
  do {
    key.clear();
    bool too_long = false;
    const bool more = lines_.read_line(key, longest_line, too_long);
    if (lines_.error()) return fail(*lines_.error());
    if (!more) return false;
    ++line_;
    if (too_long) {
      return fail(Errc::invalid_argument,
                  fmt::format("{}: line {} is longer than {} bytes, which is no key", path_, line_,
                              longest_line),
                  {}, "a trace has one key on each line");
    }
    if (key.ends_with('\r')) key.pop_back();
    if (line_ == 1 && begins_json_array(key)) return json_array();
  } while (key.empty());
  return true;
}

Result<std::uint64_t> count_keys(const TraceFile& file, const std::function<bool()>& interrupted) {
  Result<TraceReader> trace = TraceReader::open(file, interrupted);
  if (!trace) return fail(std::move(trace).error());
  std::string key;
  std::uint64_t count = 0;
  while (true) {
    const Result<bool> read = trace->next(key);
    if (!read) return fail(read.error());
    if (!*read) break;
    ++count;
  }
  if (count > 0) return count;
  return fail(Errc::invalid_argument, fmt::format("the trace {} has no keys", file.name), {},
              "a trace has one key on each line");
}

}  // namespace cachekit::cli
