#pragma once

#include <functional>

namespace cachekit::cli {

/// Waits until there is something to read on a descriptor (or room to write), or its other end is
/// gone; false as soon as `stop` says so. It asks ten times a second: a signal that comes between a
/// question and a system call that blocks would be seen only after it.
[[nodiscard]] bool wait_for_input(int descriptor, const std::function<bool()>& stop);
[[nodiscard]] bool wait_for_room(int descriptor, const std::function<bool()>& stop);

}  // namespace cachekit::cli
