#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace cachekit::test {

/// The one owner of a file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { close(); }

  [[nodiscard]] int get() const noexcept { return number_; }
  [[nodiscard]] bool open() const noexcept { return number_ >= 0; }
  void close() noexcept;

 private:
  int number_ = -1;
};

/// A loopback port that nobody else is given while this object lives. Nothing listens on it, so
/// connecting is refused until a server that sets SO_REUSEADDR takes it; it stays ours when that
/// server dies.
class ReservedPort {
 public:
  ReservedPort();
  [[nodiscard]] std::uint16_t number() const noexcept { return number_; }

 private:
  Descriptor socket_;
  std::uint16_t number_;
};

/// Listens on 127.0.0.1; port 0 picks a free one.
[[nodiscard]] Descriptor listen_on_loopback(std::uint16_t port = 0, int backlog = 128);
[[nodiscard]] std::uint16_t port_of(const Descriptor& socket);
/// Not open when the connection was refused.
[[nodiscard]] Descriptor connect_to_loopback(std::uint16_t port);

/// Waits for bytes, an end or an error; false when `wait` passes first.
[[nodiscard]] bool wait_readable(const Descriptor& socket, std::chrono::milliseconds wait);
/// One read of what has come; empty at the end of the stream and on an error.
[[nodiscard]] std::string read_some(const Descriptor& socket);
/// False when the peer is gone.
bool write_all(const Descriptor& socket, std::string_view bytes);
/// Closes with a RST instead of a FIN, as a crashed peer or a firewall does.
void reset(Descriptor& socket);

/// How many descriptors this process has open.
[[nodiscard]] std::size_t open_descriptors();

}  // namespace cachekit::test
