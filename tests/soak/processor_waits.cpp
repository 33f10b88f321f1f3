#include "processor_waits.hpp"

#include "support/loopback.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace cachekit::soak {

clock::duration waited_for_processor() {
  thread_local const test::Descriptor file(::open("/proc/thread-self/schedstat", O_RDONLY));
  std::array<char, 96> text{};
  const ssize_t length = ::pread(file.get(), text.data(), text.size(), 0);
  if (length <= 0) return {};
  // "RAN WAITED SLICES", in nanoseconds.
  const std::string_view all(text.data(), static_cast<std::size_t>(length));
  const std::string_view waited = all.substr(all.find(' ') + 1);
  std::int64_t nanoseconds = 0;
  std::from_chars(waited.data(), waited.data() + waited.size(), nanoseconds);
  return std::chrono::nanoseconds(nanoseconds);
}

}  // namespace cachekit::soak
