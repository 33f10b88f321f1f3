#include "unit/expander/faulty_backend.hpp"

using namespace cachekit;

void FaultyBackend::die(Errc code) {
  const Error error{.code = code, .message = "no route to the cache", .endpoint = target()};
  get_fault = set_fault = remove_fault = error;
}

void FaultyBackend::recover() {
  get_fault.reset();
  set_fault.reset();
  remove_fault.reset();
}

std::chrono::milliseconds FaultyBackend::default_timeout() const noexcept {
  return std::chrono::seconds(60);
}

Result<void> FaultyBackend::check_key(std::string_view key) const {
  if (key.size() <= 250) return {};
  return cachekit::fail(Errc::invalid_argument, "a key has at most 250 bytes", target());
}

Result<std::optional<std::string>> FaultyBackend::do_get(std::string_view key, Deadline deadline) {
  ++gets;
  if (during_call) during_call(deadline);
  if (get_fault) return cachekit::fail(*get_fault);
  const auto found = entries.find(key);
  if (found == entries.end()) return std::nullopt;
  return found->second.value;
}

Result<bool> FaultyBackend::do_set(const SetItem& item, SetCondition, Deadline deadline) {
  ++sets;
  if (during_call) during_call(deadline);
  if (set_fault) return cachekit::fail(*set_fault);
  entries.insert_or_assign(std::string(item.key), Entry{std::string(item.value), item.ttl});
  return true;
}

Result<bool> FaultyBackend::do_remove(std::string_view key, Deadline deadline) {
  ++removes;
  if (during_call) during_call(deadline);
  if (remove_fault) return cachekit::fail(*remove_fault);
  const auto found = entries.find(key);
  if (found == entries.end()) return false;
  entries.erase(found);
  return true;
}
