#include "load/value_stamp.hpp"

#include "load/random.hpp"

#include <algorithm>
#include <cstring>

namespace cachekit::cli {
namespace {

constexpr std::size_t word = sizeof(std::uint64_t);
constexpr std::size_t key_at = word;
constexpr std::size_t sequence_at = 2 * word;

void put(std::string& value, std::size_t at, std::uint64_t number) {
  std::memcpy(value.data() + at, &number, std::min(word, value.size() - at));
}

std::uint64_t load(std::string_view bytes, std::size_t at) {
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data() + at, std::min(word, bytes.size() - at));
  return number;
}

}  // namespace

void ValueStamp::write(std::string& value, std::size_t size, std::uint64_t key,
                       std::uint64_t sequence) const {
  value.resize(size);
  put(value, key_at, key);
  put(value, sequence_at, sequence);
  Random filler(key * 0x9E3779B97F4A7C15U ^ sequence);
  for (std::size_t at = stamp_bytes; at < size; at += word) put(value, at, filler.next());
  put(value, 0, checksum(std::string_view(value).substr(word)));
}

bool ValueStamp::matches(std::string_view value, std::uint64_t key) const noexcept {
  return value.size() >= stamp_bytes && load(value, key_at) == key &&
         load(value, 0) == checksum(value.substr(word));
}

// Seeded with the run and the length; every word changes all bits of what follows.
std::uint64_t ValueStamp::checksum(std::string_view covered) const noexcept {
  std::uint64_t sum = Random(run_ ^ covered.size()).next();
  for (std::size_t at = 0; at < covered.size(); at += word) {
    sum = (sum ^ load(covered, at)) * 0xFF51AFD7ED558CCDU;
    sum ^= sum >> 32U;
  }
  return sum;
}

}  // namespace cachekit::cli
