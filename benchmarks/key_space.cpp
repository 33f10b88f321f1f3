#include "key_space.hpp"

#include "harness/failure.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace cachekit::bench {

KeySpace::KeySpace(std::string_view prefix, std::size_t count) : keys_(count) {
  for (std::size_t number = 0; number < count; ++number) {
    fmt::format_to_n(keys_[number].begin(), key_size, "{}{:012}", prefix, number);
  }
}

std::string value_of(std::string_view key, std::size_t size) {
  std::string value;
  value.reserve(size + key.size());
  while (value.size() < size) value += key;
  value.resize(size);
  return value;
}

void check_value(std::string_view key, std::string_view value, std::size_t size) {
  if (value.size() == size && value.starts_with(key) && value.ends_with(key)) return;
  throw BenchFailure(fmt::format("GET {}: a wrong value of {} bytes came, {} were stored", key,
                                 value.size(), size));
}

}  // namespace cachekit::bench
