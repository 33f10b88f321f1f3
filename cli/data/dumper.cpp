#include "data/dumper.hpp"

#include "output/json.hpp"

#include <utility>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

constexpr std::size_t batch_keys = 500;
constexpr std::size_t unreadable_kept = 10;

// The server's word for a key that holds a list, a hash and the like.
bool is_other_type(const Error& error) {
  return error.code == Errc::rejected && error.message.find("WRONGTYPE") != std::string::npos;
}

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
  const std::vector<std::string_view> keys(keys_.begin(), keys_.end());
  if (keys.empty()) return true;
  std::vector<Result<std::optional<std::string>>> values = backend_.get_many(keys);
  bool going = true;
  for (std::size_t i = 0; i < keys.size() && going; ++i) going = add_line(keys[i], values[i]);
  // What was read whole is written, also when the next key failed.
  going = sink_(lines_) && going;
  lines_.clear();
  keys_.clear();
  return going;
}

bool Dumper::add_line(std::string_view key, Result<std::optional<std::string>>& value) {
  if (!value) {
    if (!is_other_type(value.error())) return stop(std::move(value.error()));
    ++result_.unreadable;
    if (result_.unreadable_keys.size() < unreadable_kept) {
      result_.unreadable_keys.emplace_back(key);
    }
    return true;
  }
  Result<std::optional<Ttl>> ttl = std::optional<Ttl>();
  if (*value) ttl = backend_.ttl(key);
  if (!ttl) return stop(std::move(ttl.error()));
  if (!*value || !*ttl) {
    ++result_.vanished;
    return true;
  }
  lines_ += record_line(key, **value, **ttl);
  ++result_.written;
  return true;
}

bool Dumper::stop(Error error) {
  result_.error = std::move(error);
  return false;
}

}  // namespace cachekit::cli
