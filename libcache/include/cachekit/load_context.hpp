#pragma once

#include <cachekit/deadline.hpp>
#include <cachekit/entity.hpp>
#include <cachekit/envelope.hpp>
#include <cachekit/ttl.hpp>

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace cachekit {

/// What a loader is told, and may say beside its answer, when it takes one argument:
///
///     expander.fetch<User>(42, [&](LoadContext& context) {
///       auto reply = users.get(42, context.validator(), context.deadline());
///       if (reply.status == 304) return context.not_modified<User>();
///       context.set_validator(reply.etag);
///       return std::optional<User>(reply.body);
///     });
///
/// Threads: the loader's. Lifetime: the call of the loader.
class LoadContext {
 public:
  LoadContext(Deadline deadline, std::stop_token stop,
              std::optional<EnvelopeView> entry = std::nullopt)
      : deadline_(deadline), stop_(std::move(stop)), entry_(entry) {}

  /// When others stop waiting for this load (`FetchPolicy::load_lease`). A loader that hands it on
  /// to its source holds nobody up.
  [[nodiscard]] Deadline deadline() const noexcept { return deadline_; }
  /// Is stopped when nobody wants the answer any more.
  [[nodiscard]] const std::stop_token& stop_token() const noexcept { return stop_; }

  /// How long the answer is kept, in the place of what options and policy say. An impossible TTL is
  /// an error of the store (`FetchInfo::cache_error`); the answer is good all the same.
  void set_ttl(Ttl ttl) noexcept { ttl_ = ttl; }
  [[nodiscard]] const std::optional<Ttl>& ttl() const noexcept { return ttl_; }

  /// What the source had called its answer that is to be loaded anew; empty where there is none.
  [[nodiscard]] std::string_view validator() const noexcept {
    return entry_ ? entry_->validator : std::string_view();
  }
  /// What the answer is called, such as an ETag: the next load is told. At most 255 bytes.
  void set_validator(std::string validator) { new_validator_ = std::move(validator); }
  [[nodiscard]] const std::optional<std::string>& new_validator() const noexcept {
    return new_validator_;
  }

  /// The value that is to be loaded anew, past its TTL or near its end; empty where there is none.
  template <Entity T>
  [[nodiscard]] std::optional<T> old_value() const {
    return decode_old<T, typename EntityTraits<T>::codec>();
  }
  [[nodiscard]] std::optional<std::string> old_bytes() const {
    return decode_old<std::string, RawCodec>();
  }

  /// The loader's answer that the old value is still right: it is stored anew, with its validator.
  /// Requires: there is an old value; else the load has failed.
  template <Entity T>
  [[nodiscard]] std::optional<T> not_modified() {
    unmodified_ = true;
    return old_value<T>();
  }
  [[nodiscard]] std::optional<std::string> bytes_not_modified() {
    unmodified_ = true;
    return old_bytes();
  }
  [[nodiscard]] bool is_unmodified() const noexcept { return unmodified_; }
  [[nodiscard]] bool has_old_value() const noexcept { return entry_.has_value(); }

 private:
  template <typename T, CodecFor<T> Codec>
  [[nodiscard]] std::optional<T> decode_old() const {
    if (!entry_) return std::nullopt;
    Result<T> value = Codec::decode(entry_->payload);
    return value ? std::optional<T>(*std::move(value)) : std::nullopt;
  }

  Deadline deadline_;
  std::stop_token stop_;
  std::optional<EnvelopeView> entry_;
  std::optional<Ttl> ttl_{};
  std::optional<std::string> new_validator_{};
  bool unmodified_ = false;
};

}  // namespace cachekit
