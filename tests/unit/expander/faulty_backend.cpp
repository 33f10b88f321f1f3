#include "unit/expander/faulty_backend.hpp"

using namespace cachekit;

void FaultyBackend::die(Errc code) {
  const Error error{.code = code, .message = "no route to the cache", .endpoint = target()};
  inner().get_fault = inner().set_fault = inner().remove_fault = error;
}

void FaultyBackend::recover() {
  inner().get_fault.reset();
  inner().set_fault.reset();
  inner().remove_fault.reset();
}

void FaultyDriver::run(const AnyBatch& batch, Deadline deadline) {
  run_each(batch, [&](const auto& operation) {
    if constexpr (requires { answer(operation); }) {
      if (during_call) during_call(deadline);
      return answer(operation);
    } else {  // The expander asks for none of these.
      return cachekit::fail(Errc::unsupported, "not part of this backend");
    }
  });
}

Result<std::optional<std::string>> FaultyDriver::answer(const operation::Get& get) {
  ++gets;
  if (get_fault) return cachekit::fail(*get_fault);
  const auto found = entries.find(get.key);
  if (found == entries.end()) return std::nullopt;
  return found->second.value;
}

Result<bool> FaultyDriver::answer(const operation::Set& set) {
  ++sets;
  if (set_fault) return cachekit::fail(*set_fault);
  entries.insert_or_assign(std::string(set.key), Entry{std::string(set.value), set.ttl});
  return true;
}

Result<bool> FaultyDriver::answer(const operation::Remove& remove) {
  ++removes;
  if (remove_fault) return cachekit::fail(*remove_fault);
  const auto found = entries.find(remove.key);
  if (found == entries.end()) return false;
  entries.erase(found);
  return true;
}
