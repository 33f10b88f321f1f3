#pragma once

#include <cachekit/backend.hpp>
#include <cachekit/bulk_loader.hpp>
#include <cachekit/entity.hpp>
#include <cachekit/expander_options.hpp>
#include <cachekit/export.hpp>
#include <cachekit/fetched.hpp>
#include <cachekit/loader.hpp>
#include <cachekit/metrics.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace cachekit {

struct ExpanderState;

/// Gives entities from a cache, or from their source when the cache has none.
///
///     CacheExpander expander(backend);
///     auto user = expander.fetch<User>(42, [&] { return database.find_user(42); });
///     if (!user) log(user.error().describe());      // the source failed
///     else if (*user) greet(**user);                // else there is no such user
///
/// The cache is never the reason that a request fails: when it is down, slow, or holds an entry
/// that cannot be read, the source answers. What went wrong with the cache is counted as an error
/// (never as a miss), and the answer carries it. An entry that cannot be read is a miss of a kind
/// of its own (`MissReason::undecodable`), counted as a repair too, and replaced.
///
/// Callers of this process who miss a key together make one load: the others wait for it, within
/// bounds of `FetchPolicy`, and get its answer. What a loader may rely on, and must not do, is said
/// at `LoaderFor`. docs/expander.md shows a request's way.
///
/// An invalidation (`invalidate`, `put`, `Strategy::invalidate`) beats each load of this expander
/// that began before it: such a load answers those who asked before, and is not stored.
///
/// Threads: all members may be called from any thread at once; loaders run on the thread of their
/// caller, without a lock held.
/// Lifetime: the backend must outlive the expander, and the expander its calls.
/// Limits: the cache adds at most `ExpanderOptions::cache_timeout` to a call.
class CACHEKIT_API CacheExpander {
 public:
  explicit CacheExpander(CacheBackend& backend, ExpanderOptions options = {});
  ~CacheExpander();
  CacheExpander(const CacheExpander&) = delete;
  CacheExpander& operator=(const CacheExpander&) = delete;

  /// The entity with this id, as the strategy says. That there is none is an answer, not an error;
  /// it is stored where `FetchPolicy::negative_ttl` says so.
  ///
  /// Errors: `loader_failed` with the words of the source; `invalid_argument` for an empty id, an
  /// impossible TTL or a loader that fetches its own key; of a caller who waits for another one's
  /// load `timeout`, `cancelled`, or `overloaded`; with `Strategy::fresh`, which has no source to
  /// ask, also what the cache says.
  template <Entity T, CacheId Id, LoaderFor<T> Loader>
  [[nodiscard]] Result<Fetched<T>> fetch(const Id& id, Loader&& loader,
                                         const FetchOptions& options = {}) {
    detail::TypedJob<T, detail::CodecOf<T>, Loader&&> job(std::forward<Loader>(loader));
    return run(entity_kind<T>(), detail::id_text(id), job, options).map([&](FetchInfo&& info) {
      return Fetched<T>{std::move(info), job.take()};
    });
  }

  /// `fetch` of bytes under a key of your own. They are in an envelope as those of an entity with
  /// `RawCodec`. What the key has in front of its first colon is what `TtlPolicy` goes by.
  template <LoaderFor<std::string> Loader>
  [[nodiscard]] Result<Fetched<std::string>> get_or_load(std::string_view key, Loader&& loader,
                                                         const FetchOptions& options = {}) {
    detail::TypedJob<std::string, RawCodec, Loader&&> job(std::forward<Loader>(loader));
    return run_key(bytes_kind(key), key, job, options).map([&](FetchInfo&& info) {
      return Fetched<std::string>{std::move(info), job.take()};
    });
  }

  /// `fetch` of many: an outcome for each id, in their order. The cache is asked for all of them by
  /// one batch, the source for those that are to be loaded by one call (`BulkLoaderFor` has the
  /// contract), and what it said is stored by one batch:
  ///
  ///     std::vector<int> ids{1, 2, 3};
  ///     auto users = expander.fetch_many<User>(ids, [&](std::span<const int> missing) {
  ///       return database.find_users(missing);  // std::map<int, User>, for example
  ///     });
  ///
  /// Each id is as in a `fetch` of its own: strategy, policy, stale and negative answers, fences
  /// and leases, and one load with all other callers, of one id or of many. Ids that others load
  /// already are waited for, once this call has loaded its own, so that calls whose ids overlap
  /// never wait for each other in a circle. An id that is named more than once is one id, and each
  /// of its places gets its answer. One id's failure is no other one's.
  ///
  /// Where the timeouts of the policy would have each of the loads of this call go on in the
  /// background, they do, in the one call of the loader, which is copied, or moved where it cannot
  /// be: then it is not called again. Loads, their cost and duration count once for each call of
  /// the loader.
  ///
  /// Errors: as `fetch`, for each id. Requires: `T` can be copied.
  /// Limits: `cache_timeout` is for all ids together.
  template <Entity T, std::ranges::forward_range Ids, typename Loader,
            CacheId Id = detail::KeptId<std::ranges::range_value_t<Ids>>>
  requires BulkLoaderFor<Loader, Id, T> && std::copy_constructible<T>
  [[nodiscard]] std::vector<Result<Fetched<T>>> fetch_many(const Ids& ids, Loader&& loader,
                                                           const FetchOptions& options = {}) {
    detail::TypedBulkJob<T, detail::CodecOf<T>, Id, Loader&&> job(std::forward<Loader>(loader),
                                                                  ids);
    return job.take(run_many(entity_kind<T>(), job, options));
  }

  /// `get_or_load` of many: `fetch_many` of bytes under keys of your own, which the loader gets as
  /// a `std::span<const std::string>`.
  template <std::ranges::forward_range Keys, typename Loader>
  requires BulkLoaderFor<Loader, std::string, std::string>
  [[nodiscard]] std::vector<Result<Fetched<std::string>>> get_or_load_many(
      const Keys& keys, Loader&& loader, const FetchOptions& options = {}) {
    detail::TypedBulkJob<std::string, RawCodec, std::string, Loader&&> job(
        std::forward<Loader>(loader), keys);
    return job.take(run_many(std::nullopt, job, options));
  }

  /// Drops what `get_or_load` has stored under a key; as `invalidate`.
  [[nodiscard]] Result<bool> invalidate_key(std::string_view key);

  /// The entity from the cache alone: `fetch` with `Strategy::fresh`.
  template <Entity T, CacheId Id>
  [[nodiscard]] Result<Fetched<T>> find(const Id& id) {
    const auto no_source = [] { return std::optional<T>(); };
    return fetch<T>(id, no_source, {.strategy = Strategy::fresh});
  }

  /// Stores an entity that the caller knows to be current.
  /// Errors: as the backend's `set`; `invalid_argument` for a value that cannot be encoded.
  template <Entity T, CacheId Id>
  [[nodiscard]] Result<void> put(const Id& id, const T& value, const PutOptions& options = {}) {
    return store(entity_kind<T>(), to_cache_id(id),
                 detail::encode_value<T, detail::CodecOf<T>>(value), options);
  }

  /// Drops an entity from the cache; true when it was there.
  /// Errors: as the backend's `remove`; the old entry may then still be there.
  template <Entity T, CacheId Id>
  [[nodiscard]] Result<bool> invalidate(const Id& id) {
    return drop(entity_kind<T>(), to_cache_id(id));
  }

  /// The key of an entity in the cache: "prefix:id".
  template <Entity T, CacheId Id>
  [[nodiscard]] static std::string key(const Id& id) {
    return key_of(entity_kind<T>(), to_cache_id(id));
  }

  /// hits + misses = look-ups that the cache answered; loads count for themselves.
  [[nodiscard]] const CacheMetrics& metrics() const noexcept;
  /// The metrics as a Prometheus page of their own, labelled `backend="expander:NAME"` to tell them
  /// from the backend's. To put both on one page, see `PrometheusPage` in prometheus.hpp.
  [[nodiscard]] std::string prometheus() const;

 private:
  [[nodiscard]] static std::string key_of(const EntityKind& kind, std::string_view id);
  [[nodiscard]] static EntityKind bytes_kind(std::string_view key) noexcept {
    return {.prefix = key.substr(0, key.find(':')), .codec = RawCodec::id};
  }
  [[nodiscard]] Result<void> check_call(std::string_view id) const;
  [[nodiscard]] Result<FetchInfo> run_key(const EntityKind& kind, std::string_view key,
                                          detail::FetchJob& job, const FetchOptions& options);
  [[nodiscard]] Result<FetchInfo> run(const EntityKind& kind, std::string_view id,
                                      detail::FetchJob& job, const FetchOptions& options);
  // Of bytes where there is no kind.
  [[nodiscard]] std::vector<Result<FetchInfo>> run_many(const std::optional<EntityKind>& kind,
                                                        detail::BulkJob& job,
                                                        const FetchOptions& options);
  [[nodiscard]] Result<void> store(const EntityKind& kind, std::string_view id,
                                   Result<std::string> payload, const PutOptions& options);
  [[nodiscard]] Result<bool> drop(const EntityKind& kind, std::string_view id);

  const std::unique_ptr<ExpanderState> state_;
};

}  // namespace cachekit
