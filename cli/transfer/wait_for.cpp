#include "transfer/wait_for.hpp"

#include <poll.h>

namespace cachekit::cli {
namespace {

constexpr int slice_ms = 100;

bool wait(int descriptor, short events, const std::function<bool()>& stop) {
  pollfd entry{descriptor, events, 0};
  while (!stop()) {
    if (::poll(&entry, 1, slice_ms) > 0) return true;
  }
  return false;
}

}  // namespace

bool wait_for_input(int descriptor, const std::function<bool()>& stop) {
  return wait(descriptor, POLLIN, stop);
}

bool wait_for_room(int descriptor, const std::function<bool()>& stop) {
  return wait(descriptor, POLLOUT, stop);
}

}  // namespace cachekit::cli
