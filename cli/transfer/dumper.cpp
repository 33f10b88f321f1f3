#include "transfer/dumper.hpp"

#include "output/json.hpp"
#include "transfer/halving.hpp"

#include <utility>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

constexpr std::size_t batch_keys = 500;

}  // namespace

std::string record_line(std::string_view key, std::string_view value, const Ttl& ttl) {
  Json line;
  put_bytes(line, "key", key);
  put_bytes(line, "value", value);
  if (ttl.expires()) line["ttl"] = fmt::format("{}ms", ttl.duration().count());
  return dump(line) + '\n';
}

Dumper::Dumper(CacheBackend& backend, Sink sink, std::function<bool()> interrupted)
    : backend_(backend), sink_(std::move(sink)), interrupted_(std::move(interrupted)) {}

DumpResult Dumper::run(const std::string& pattern) {
  ScanOptions options;
  options.pattern = pattern;
  bool going = true;
  Result<void> scanned = backend_.scan(options, [&](std::string_view key) {
    going = take(key);
    return going;
  });
  if (!scanned && !result_.error) {
    stop(std::move(scanned.error()));
  } else if (going) {
    write_batch();
  }
  return std::move(result_);
}

bool Dumper::take(std::string_view key) {
  if (interrupted_()) return stop({Errc::cancelled, "interrupted", {}, {}});
  keys_.emplace_back(key);
  return keys_.size() < batch_keys || write_batch();
}

bool Dumper::write_batch() {
  if (keys_.empty()) return true;
  std::vector<Result<std::optional<std::string>>> values = read_batch();
  bool going = true;
  for (std::size_t i = 0; i < keys_.size() && going; ++i) going = add_line(keys_[i], values[i]);
  // What was read whole is written, also when the next key failed.
  going = sink_(lines_) && going;
  lines_.clear();
  keys_.clear();
  return going;
}

bool Dumper::add_line(std::string_view key, Result<std::optional<std::string>>& value) {
  if (!value) return leave_out(key, std::move(value.error()));
  Result<std::optional<Ttl>> ttl = std::optional<Ttl>();
  if (*value) ttl = backend_.ttl(key);
  if (!ttl) return leave_out(key, std::move(ttl.error()));
  if (!*value || !*ttl) {
    ++result_.vanished;
    return true;
  }
  lines_ += record_line(key, **value, **ttl);
  if (**ttl == Ttl(Ttl::max)) ++result_.shortened;
  ++result_.written;
  return true;
}

// Some servers close the connection on a reply that is too long for them.
std::vector<Result<std::optional<std::string>>> Dumper::read_batch() {
  using Value = std::optional<std::string>;
  const auto call = [&](Halving<Value>::Indices which) {
    std::vector<std::string_view> chosen;
    chosen.reserve(which.size());
    for (const std::size_t i : which) chosen.emplace_back(keys_[i]);
    return backend_.get_many(chosen);
  };
  return Halving<Value>(backend_, call, {}, interrupted_).run(keys_.size());
}

bool Dumper::leave_out(std::string_view key, Error error) {
  if (!blames_item(error)) return stop(std::move(error));
  ++result_.unreadable;
  result_.left_out.add(key, error);
  return true;
}

bool Dumper::stop(Error error) {
  result_.error = std::move(error);
  return false;
}

}  // namespace cachekit::cli
