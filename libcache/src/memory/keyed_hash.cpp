#include "memory/keyed_hash.hpp"

#include <cachekit/runtime.hpp>

#include <bit>
#include <cstddef>
#include <cstring>

namespace cachekit::memory {
namespace {

struct SipState {
  std::uint64_t v0, v1, v2, v3;

  void round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  void absorb(std::uint64_t word) noexcept {
    v3 ^= word;
    round();
    v0 ^= word;
  }
};

std::uint64_t load_word(const char* bytes) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return std::endian::native == std::endian::little ? word : __builtin_bswap64(word);
}

// What is left after the last whole word: less than 8 bytes.
std::uint64_t load_rest(const char* bytes, std::size_t count) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < count; ++i) {
    word |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return word;
}

}  // namespace

const HashSeed& process_seed() {
  static const HashSeed seed{.first = Runtime::system().random(),
                             .second = Runtime::system().random()};
  return seed;
}

std::uint64_t keyed_hash(const HashSeed& seed, std::string_view data) noexcept {
  SipState state{.v0 = seed.first ^ 0x736f6d6570736575U,
                 .v1 = seed.second ^ 0x646f72616e646f6dU,
                 .v2 = seed.first ^ 0x6c7967656e657261U,
                 .v3 = seed.second ^ 0x7465646279746573U};
  const char* bytes = data.data();
  std::size_t left = data.size();
  for (; left >= 8; bytes += 8, left -= 8) state.absorb(load_word(bytes));
  state.absorb((static_cast<std::uint64_t>(data.size()) << 56U) | load_rest(bytes, left));
  state.v2 ^= 0xffU;
  for (int i = 0; i < 3; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace cachekit::memory
