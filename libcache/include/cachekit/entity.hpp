#pragma once

#include <cachekit/envelope.hpp>
#include <cachekit/error.hpp>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace cachekit {

/// Writes a `T` to bytes and reads it back. Both functions are static; either may throw, which
/// the expander turns into an error. What a codec wrote is read back before it is stored: a value
/// that it cannot take back is an error at once.
///
/// `static constexpr CodecId id` is optional; with it, entries that another codec wrote are told
/// apart without trying to read them.
template <typename C, typename T>
concept CodecFor = requires(const T& value, std::string_view bytes) {
  { C::encode(value) } -> std::convertible_to<std::string>;
  { C::decode(bytes) } -> std::same_as<Result<T>>;
};

/// The codec of text and bytes: stored as they are.
struct RawCodec {
  static constexpr CodecId id = CodecId::raw;
  [[nodiscard]] static std::string encode(const std::string& value) { return value; }
  [[nodiscard]] static Result<std::string> decode(std::string_view bytes) {
    return std::string(bytes);
  }
};

/// What the expander has to know about a type. Specialise it for types that are not yours:
///
///     template <> struct cachekit::EntityTraits<Order> {
///       static constexpr std::string_view prefix = "order";
///       using codec = cachekit::JsonCodec<Order>;
///       static constexpr std::uint32_t schema = 2;  // optional
///     };
///
/// or say it in the type itself:
///
///     struct User {
///       static constexpr std::string_view cache_prefix = "user";
///       using cache_codec = cachekit::JsonCodec<User>;
///       static constexpr std::uint32_t cache_schema = 2;  // optional
///     };
///
/// Raise the schema when the shape of the payload changes: entries of another schema are misses.
/// Keys are "prefix:id"; a prefix is not empty and has no colon, so no two types share a key.
template <typename T>
struct EntityTraits {};

template <typename T>
requires requires {
  T::cache_prefix;
  typename T::cache_codec;
}
struct EntityTraits<T> {
  static constexpr std::string_view prefix = T::cache_prefix;
  using codec = typename T::cache_codec;
  static constexpr std::uint32_t schema = [] {
    if constexpr (requires { T::cache_schema; }) {
      return std::uint32_t{T::cache_schema};
    } else {
      return std::uint32_t{0};
    }
  }();
};

template <typename T>
inline constexpr std::string_view entity_prefix = EntityTraits<T>::prefix;

/// A type that can be cached: it has a key prefix and a codec.
template <typename T>
concept Entity = requires {
  { EntityTraits<T>::prefix } -> std::convertible_to<std::string_view>;
  typename EntityTraits<T>::codec;
}
&&CodecFor<typename EntityTraits<T>::codec, T>;

/// A type of entity with the type taken off: all that code outside templates needs.
struct EntityKind {
  std::string_view prefix{};
  CodecId codec = CodecId::unspecified;
  std::uint32_t schema = 0;
};

template <Entity T>
[[nodiscard]] constexpr EntityKind entity_kind() noexcept {
  using Traits = EntityTraits<T>;
  static_assert(!entity_prefix<T>.empty() && entity_prefix<T>.find(':') == std::string_view::npos,
                "an entity's prefix is not empty and has no colon");
  EntityKind kind{.prefix = entity_prefix<T>};
  if constexpr (requires { Traits::codec::id; }) kind.codec = CodecId{Traits::codec::id};
  if constexpr (requires { Traits::schema; }) kind.schema = Traits::schema;
  return kind;
}

/// Ids of text are taken as they are, whole numbers in decimal. For other types, write a
/// `to_cache_id(const Id&)` that gives text, in the namespace of the type.
[[nodiscard]] inline std::string to_cache_id(std::string_view id) { return std::string(id); }

template <std::integral Id>
requires(!std::same_as<Id, bool> && !std::same_as<Id, char>) [[nodiscard]] std::string
    to_cache_id(Id id) {
  return std::to_string(id);
}

template <typename Id>
concept CacheId = requires(const Id& id) {
  { to_cache_id(id) } -> std::convertible_to<std::string>;
};

namespace detail {

/// An id as text, without a copy of what is text already.
template <CacheId Id>
[[nodiscard]] auto id_text(const Id& id) {
  if constexpr (std::convertible_to<const Id&, std::string_view>) {
    return std::string_view(id);
  } else {
    return to_cache_id(id);
  }
}

}  // namespace detail
}  // namespace cachekit
