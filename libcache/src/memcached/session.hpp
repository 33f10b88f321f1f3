#pragma once

#include "memcached/dialect.hpp"
#include "memcached/reply_decoder.hpp"
#include "net/request.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <string_view>

namespace cachekit::memcached {

/// What is kept for one connection: the dialect that its peer speaks, and the decoder.
class MemcachedSession final : public net::Session {
 public:
  void feed(std::string_view bytes) override { decoder_.feed(bytes); }
  [[nodiscard]] Result<bool> advance(net::Request& request) override;
  [[nodiscard]] bool idle() const override { return decoder_.idle(); }
  [[nodiscard]] bool retiring() const noexcept override { return suspicion_.expired(); }

  [[nodiscard]] Dialect dialect() const noexcept { return dialect_; }
  void use(Dialect dialect) noexcept { dialect_ = dialect; }
  /// It retires after that time: its dialect is not one that the peer has named.
  void suspect(Deadline until) noexcept { suspicion_ = until; }

 private:
  Dialect dialect_ = Dialect::meta;
  Deadline suspicion_ = Deadline::after(forever);
  ReplyDecoder decoder_;
};

}  // namespace cachekit::memcached
