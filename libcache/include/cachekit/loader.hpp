#pragma once

#include <cachekit/entity.hpp>
#include <cachekit/error.hpp>
#include <cachekit/export.hpp>
#include <cachekit/load_context.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace cachekit {

/// What a loader's answer holds: `T` for both `T` and `Result<T>`.
template <typename Answer>
struct LoaderAnswer {
  using value_type = Answer;
};
template <typename Value>
struct LoaderAnswer<Result<Value>> {
  using value_type = Value;
};

/// A callable without arguments, or with a `LoadContext&`.
template <typename L>
concept LoaderCallable = std::invocable<L&> || std::invocable<L&, LoadContext&>;

namespace detail {

template <LoaderCallable L>
[[nodiscard]] decltype(auto) call_loader(L& loader, LoadContext& context) {
  if constexpr (std::invocable<L&, LoadContext&>) {
    return std::invoke(loader, context);
  } else {
    return std::invoke(loader);
  }
}

template <typename L>
using AnswerOf =
    std::remove_cvref_t<decltype(call_loader(std::declval<L&>(), std::declval<LoadContext&>()))>;

}  // namespace detail

/// Asks the source of the data for one entity: a callable without arguments, or with a
/// `LoadContext&`, that gives `T`, `std::optional<T>` (empty: there is none) or a `Result` of
/// either. It may throw.
///
/// The contract between a loader and the expander:
///
/// - It is called by one caller at a time for each key, in this process: those who miss together
///   get the answer of one call. A loader that takes longer than `FetchPolicy::load_lease` can be
///   joined by one more, so that a load which hangs holds nobody up for longer.
/// - It runs on the thread of its caller, without a lock held; where a timeout may have it outlive
///   the call (`FetchPolicy::soft_timeout`, `hard_timeout`), on a thread in the background. Then it
///   is moved in, or copied where the caller keeps it, and has to own what it uses.
/// - What it throws, or gives as an error, is the error of all who wait for it. A retry is up to
///   `FetchOptions::loader_retries`. A caller that was withdrawn (`FetchOptions::stop`) leaves the
///   load to one of those who wait.
/// - It must not fetch the key that it loads, through whatever other keys: that is
///   `invalid_argument`, and not a deadlock. It may fetch others.
/// - Its answer is stored unless the key was invalidated or put after the call began.
template <typename L, typename T>
concept LoaderFor = LoaderCallable<L> &&
    std::convertible_to<typename LoaderAnswer<detail::AnswerOf<L>>::value_type, std::optional<T>>;

namespace detail {

/// The exception that is being handled, as an error. Requires: called from a catch block.
[[nodiscard]] CACHEKIT_API Error error_of_exception(Errc code, std::string_view what_failed);

/// The error for a codec that wrote what it cannot read, for the reason that it gave.
[[nodiscard]] CACHEKIT_API Error unreadable(const Error& why);

/// What the expander needs a type for. It keeps the value between the steps.
class CACHEKIT_API FetchJob {
 public:
  virtual ~FetchJob() = default;
  /// Reads the value from a payload. Errors: `decode`, whatever the codec throws.
  [[nodiscard]] virtual Result<void> decode(std::string_view payload) = 0;
  /// The same from bytes that have the payload behind so many others; they may be kept.
  [[nodiscard]] virtual Result<void> decode_from(std::string&& bytes, std::size_t behind) {
    return decode(std::string_view(bytes).substr(behind));
  }
  /// Calls the loader; false: there is no such entity. Errors: `loader_failed`.
  [[nodiscard]] virtual Result<bool> load(LoadContext& context) = 0;
  /// Forgets the value: there is no such entity.
  virtual void clear() noexcept = 0;
  /// A job of the same kind that owns its loader, so that it can outlive the call; null where the
  /// loader can be neither moved nor copied.
  [[nodiscard]] virtual std::unique_ptr<FetchJob> to_owned() = 0;
  /// The value as a payload. Errors: `invalid_argument` when the codec throws, or could not read
  /// the payload back.
  [[nodiscard]] virtual Result<std::string> encode() const = 0;
};

/// A payload that could not be read back would be found damaged, loaded and replaced by every fetch
/// from now on, so it is read once before it is stored.
template <Entity T>
using CodecOf = typename EntityTraits<T>::codec;

template <typename T, CodecFor<T> Codec>
[[nodiscard]] Result<std::string> encode_value(const T& value) {
  try {
    std::string payload(Codec::encode(value));
    if (const Result<T> back = Codec::decode(payload); !back) return fail(unreadable(back.error()));
    return payload;
  } catch (...) {
    return fail(error_of_exception(Errc::invalid_argument, "the value could not be encoded"));
  }
}

/// `Loader` is `L&` for one that the caller keeps, `L&&` for one that may be moved on, and `L` for
/// one that the job owns.
template <typename T, CodecFor<T> Codec, typename Loader>
class TypedJob final : public FetchJob {
 public:
  using Callable = std::decay_t<Loader>;

  explicit TypedJob(Loader&& loader) : loader_(std::forward<Loader>(loader)) {}

  [[nodiscard]] Result<void> decode(std::string_view payload) override {
    try {
      return Codec::decode(payload).map([this](T&& value) { value_.emplace(std::move(value)); });
    } catch (...) {
      return fail(error_of_exception(Errc::decode, "the value could not be decoded"));
    }
  }

  [[nodiscard]] Result<void> decode_from(std::string&& bytes, std::size_t behind) override {
    if constexpr (std::is_same_v<Codec, RawCodec> && std::is_same_v<T, std::string>) {
      value_.emplace(std::move(bytes.erase(0, behind)));
      return {};
    } else {
      return decode(std::string_view(bytes).substr(behind));
    }
  }

  [[nodiscard]] Result<bool> load(LoadContext& context) override {
    try {
      value_.reset();
      return accept(call_loader(loader_, context));
    } catch (...) {
      return fail(error_of_exception(Errc::loader_failed, "the loader failed"));
    }
  }

  void clear() noexcept override { value_.reset(); }

  [[nodiscard]] std::unique_ptr<FetchJob> to_owned() override {
    if constexpr (std::is_constructible_v<Callable, Loader>) {
      return std::make_unique<TypedJob<T, Codec, Callable>>(
          Callable(std::forward<Loader>(loader_)));
    } else {
      return nullptr;
    }
  }

  [[nodiscard]] Result<std::string> encode() const override {
    return encode_value<T, Codec>(*value_);
  }

  [[nodiscard]] std::optional<T> take() { return std::move(value_); }

 private:
  template <typename Answer>
  Result<bool> accept(Answer&& answer) {
    value_ = std::optional<T>(std::forward<Answer>(answer));
    return value_.has_value();
  }

  template <typename Value>
  Result<bool> accept(Result<Value>&& answer) {
    if (answer) return accept(*std::move(answer));
    Error error = std::move(answer).error();
    error.code = Errc::loader_failed;
    return fail(std::move(error));
  }

  Loader loader_;
  std::optional<T> value_;
};

}  // namespace detail
}  // namespace cachekit
