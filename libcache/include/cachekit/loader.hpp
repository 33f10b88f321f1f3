#pragma once

#include <cachekit/entity.hpp>
#include <cachekit/error.hpp>
#include <cachekit/export.hpp>

#include <concepts>
#include <functional>
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

/// Asks the source of the data for one entity: a callable without arguments that gives `T`,
/// `std::optional<T>` (empty: there is none) or a `Result` of either. It may throw.
template <typename L, typename T>
concept LoaderFor = std::invocable<L&> && std::convertible_to<
    typename LoaderAnswer<std::remove_cvref_t<std::invoke_result_t<L&>>>::value_type,
    std::optional<T>>;

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
  /// Calls the loader; false: there is no such entity. Errors: `loader_failed`.
  [[nodiscard]] virtual Result<bool> load() = 0;
  /// The value as a payload. Errors: `invalid_argument` when the codec throws, or could not read
  /// the payload back.
  [[nodiscard]] virtual Result<std::string> encode() const = 0;
};

/// A payload that could not be read back would be found damaged, loaded and replaced by every fetch
/// from now on, so it is read once before it is stored.
template <Entity T>
[[nodiscard]] Result<std::string> encode_entity(const T& value) {
  using Codec = typename EntityTraits<T>::codec;
  try {
    std::string payload(Codec::encode(value));
    if (const Result<T> back = Codec::decode(payload); !back) return fail(unreadable(back.error()));
    return payload;
  } catch (...) {
    return fail(error_of_exception(Errc::invalid_argument, "the value could not be encoded"));
  }
}

template <Entity T, LoaderFor<T> Loader>
class TypedJob final : public FetchJob {
 public:
  explicit TypedJob(Loader& loader) : loader_(loader) {}

  [[nodiscard]] Result<void> decode(std::string_view payload) override {
    try {
      return EntityTraits<T>::codec::decode(payload).map(
          [this](T&& value) { value_.emplace(std::move(value)); });
    } catch (...) {
      return fail(error_of_exception(Errc::decode, "the value could not be decoded"));
    }
  }

  [[nodiscard]] Result<bool> load() override {
    try {
      value_.reset();
      return accept(std::invoke(loader_));
    } catch (...) {
      return fail(error_of_exception(Errc::loader_failed, "the loader failed"));
    }
  }

  [[nodiscard]] Result<std::string> encode() const override { return encode_entity<T>(*value_); }

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

  Loader& loader_;
  std::optional<T> value_;
};

}  // namespace detail
}  // namespace cachekit
