#include "net/mux/reader.hpp"

#include "net/mux/leadership.hpp"
#include "net/request.hpp"

#include <span>
#include <thread>
#include <utility>

namespace cachekit::net {

Reader::Reader() : buffer_(std::make_unique_for_overwrite<char[]>(receive_bytes)) {}

Result<Socket::Transfer> Reader::read(Socket& socket, const ReadWait& wait) noexcept {
  const std::span<char> into(buffer_.get(), receive_bytes);
  if (wait.interrupt != nullptr) {
    wait_ready(socket.descriptor(), wait.writable, wait.interrupt->descriptor, wait.deadline);
    return socket.read(into);
  }
  if (wait.alone) return read_alone(socket, wait);
  return socket.read(into, wait.writable, wait.deadline, wait.now);
}

Result<Socket::Transfer> Reader::read_alone(Socket& socket, const ReadWait& wait) noexcept {
  const std::span<char> into(buffer_.get(), receive_bytes);
  const auto now = wait.now;
  const auto enough = now + SpinChoice::longest_spin;
  if (enough > wait.deadline.at() - Leadership::margin) {
    return socket.read(into, false, wait.deadline, now);
  }
  const bool spun = spin_.next() == SpinChoice::Way::spin;
  if (spun) {
    do {
      std::this_thread::yield();
      Result<Socket::Transfer> came = socket.read(into);
      if (came && came->status == Socket::Status::would_block) continue;
      spin_.note(Deadline::clock::now() - now);
      return came;
    } while (Deadline::clock::now() < enough);
  }
  Result<Socket::Transfer> came =
      socket.read(into, false, wait.deadline, spun ? Deadline::clock::now() : now);
  spin_.note(Deadline::clock::now() - now);
  return came;
}

}  // namespace cachekit::net
