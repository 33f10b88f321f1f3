#include "clients/cachekit_client.hpp"

#include "harness/failure.hpp"

#include <type_traits>
#include <utility>
#include <vector>

namespace cachekit::bench {
namespace {

template <class T>
T checked(Result<T> result) {
  if (!result) throw BenchFailure(result.error().describe());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace

CachekitClient::CachekitClient(std::unique_ptr<CacheBackend> backend)
    : backend_(std::move(backend)) {
  checked(backend_->connect());
}

void CachekitClient::get(std::string_view key, std::size_t size) {
  check_answer(key, backend_->get(key), size);
}

void CachekitClient::set(std::string_view key, std::string_view value) {
  checked(backend_->set(key, value));
}

void CachekitClient::get_many(std::span<const std::string_view> keys) {
  const auto answers = backend_->get_many(keys);
  for (std::size_t i = 0; i < keys.size(); ++i) check_answer(keys[i], answers.at(i));
}

void check_answer(std::string_view key, const Result<std::optional<std::string>>& answer,
                  std::size_t size) {
  if (!answer) throw BenchFailure(answer.error().describe());
  if (!*answer) throw BenchFailure("GET " + std::string(key) + ": a miss");
  check_value(key, **answer, size);
}

void fill(CacheBackend& backend, const KeySpace& keys) {
  std::vector<std::string> values;
  std::vector<SetItem> items;
  values.reserve(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    values.push_back(value_of(keys[i]));
    items.push_back({.key = keys[i], .value = values.back()});
  }
  for (Result<bool>& stored : backend.set_many(items)) checked(std::move(stored));
}

}  // namespace cachekit::bench
