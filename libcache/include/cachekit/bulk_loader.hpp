#pragma once

#include <cachekit/deadline.hpp>
#include <cachekit/entity.hpp>
#include <cachekit/error.hpp>
#include <cachekit/export.hpp>
#include <cachekit/fetched.hpp>
#include <cachekit/loader.hpp>
#include <cachekit/ttl.hpp>

#include <concepts>
#include <cstddef>
#include <deque>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cachekit {

/// What a bulk loader is told, and may say beside its answer, when it takes a second argument.
/// Threads: the loader's. Lifetime: the call of the loader.
class BulkLoadContext {
 public:
  BulkLoadContext(Deadline deadline, std::stop_token stop)
      : deadline_(deadline), stop_(std::move(stop)) {}

  /// When others stop waiting for this load (`FetchPolicy::load_lease`).
  [[nodiscard]] Deadline deadline() const noexcept { return deadline_; }
  /// Is stopped when nobody wants any of the answers any more.
  [[nodiscard]] const std::stop_token& stop_token() const noexcept { return stop_; }

  /// How long all of the answers are kept, in the place of what options and policy say.
  void set_ttl(Ttl ttl) noexcept { ttl_ = ttl; }
  [[nodiscard]] const std::optional<Ttl>& ttl() const noexcept { return ttl_; }

 private:
  Deadline deadline_;
  std::stop_token stop_;
  std::optional<Ttl> ttl_{};
};

namespace detail {

/// An id as a bulk call keeps it: text by itself, for a load may outlive the call.
template <typename Id>
using KeptId =
    std::conditional_t<std::convertible_to<const Id&, std::string_view>, std::string, Id>;

template <typename L, typename Id>
[[nodiscard]] decltype(auto) call_bulk_loader(L& loader, std::span<const Id> ids,
                                              BulkLoadContext& context) {
  if constexpr (std::invocable<L&, std::span<const Id>, BulkLoadContext&>) {
    return std::invoke(loader, ids, context);
  } else {
    return std::invoke(loader, ids);
  }
}

template <typename L, typename Id>
using BulkAnswerOf = typename LoaderAnswer<std::remove_cvref_t<decltype(call_bulk_loader<L, Id>(
    std::declval<L&>(), {}, std::declval<BulkLoadContext&>()))>>::value_type;

}  // namespace detail

/// Asks the source for many entities at once: a callable with a `std::span<const Id>`, and
/// perhaps a `BulkLoadContext&`, that gives pairs of an id and a `T` or `std::optional<T>`, as a
/// map of any kind or a vector, in any order; or a `Result` of that. It may throw.
///
/// What holds of a loader (`LoaderFor`) holds of this one, for each of the ids. Besides:
///
/// - It is called once for all ids of one call that are neither in the cache nor being loaded by
///   another caller; each id is asked for once, however often the call names it. It is called once
///   more for those that another caller, or another process, was to load and did not.
/// - An id that its answer leaves out has no entity, as if it had answered an empty optional. An
///   id that was not asked for is ignored. Of an id that is named twice the last one counts.
/// - When it throws or fails, that is the error of each of the ids, or they get their stale value.
template <typename L, typename Id, typename T>
concept BulkLoaderFor = (std::invocable<L&, std::span<const Id>> ||
                         std::invocable<L&, std::span<const Id>, BulkLoadContext&>)&&std::ranges::
    range<detail::BulkAnswerOf<L, Id>>&& requires(
        std::ranges::range_value_t<detail::BulkAnswerOf<L, Id>>& one) {
  { to_cache_id(one.first) } -> std::convertible_to<std::string>;
  { std::move(one.second) } -> std::convertible_to<std::optional<T>>;
};

namespace detail {

/// What a bulk call needs types for. It keeps the values of its keys, each key once.
class CACHEKIT_API BulkJob {
 public:
  virtual ~BulkJob() = default;
  /// The ids as text, in the order in which they were first named.
  [[nodiscard]] virtual const std::vector<std::string>& texts() const noexcept = 0;
  /// What keeps the value of one of them. Its `load` gives what the last `load` below has answered.
  [[nodiscard]] virtual FetchJob& at(std::size_t index) = 0;
  /// Calls the loader for some of them. Errors: `loader_failed`.
  [[nodiscard]] virtual Result<void> load(std::span<const std::size_t> indices,
                                          BulkLoadContext& context) = 0;
  /// A job for the same ids that owns its loader; null where that can be neither copied nor moved.
  /// Of a loader that had to be moved, this one has none any more.
  [[nodiscard]] virtual std::unique_ptr<BulkJob> to_owned() = 0;
};

/// A loader that gives what somebody has put down for it.
template <typename T>
struct Handover {
  std::optional<T>* from;
  [[nodiscard]] std::optional<T> operator()() const {
    return std::exchange(*from, std::optional<T>());
  }
};

/// `Loader` as in `TypedJob`.
template <typename T, CodecFor<T> Codec, typename Id, typename Loader>
class TypedBulkJob final : public BulkJob {
 public:
  using Callable = std::decay_t<Loader>;
  using Outcomes = std::vector<Result<Fetched<T>>>;

  template <typename Ids>
  TypedBulkJob(Loader&& loader, const Ids& ids) : loader_(std::forward<Loader>(loader)) {
    for (const auto& id : ids) add(Id(id));
  }

  [[nodiscard]] const std::vector<std::string>& texts() const noexcept override { return texts_; }
  [[nodiscard]] FetchJob& at(std::size_t index) override { return slots_[index].job; }

  [[nodiscard]] Result<void> load(std::span<const std::size_t> indices,
                                  BulkLoadContext& context) override {
    if (!has_loader_) {
      return fail(Errc::loader_failed, "the bulk loader went on in the background, and is gone", "",
                  "give one that can be copied where timeouts have loads go on there");
    }
    try {
      std::vector<Id> wanted;
      wanted.reserve(indices.size());
      for (const std::size_t index : indices) {
        slots_[index].given.reset();
        wanted.push_back(slots_[index].id);
      }
      return accept(
          call_bulk_loader<std::remove_reference_t<Loader>, Id>(loader_, wanted, context));
    } catch (...) {
      return fail(error_of_exception(Errc::loader_failed, "the bulk loader failed"));
    }
  }

  [[nodiscard]] std::unique_ptr<BulkJob> to_owned() override {
    std::vector<Id> ids;
    for (const Slot& slot : slots_) ids.push_back(slot.id);
    using Owned = TypedBulkJob<T, Codec, Id, Callable>;
    if constexpr (std::copy_constructible<Callable>) {
      return std::make_unique<Owned>(Callable(std::as_const(loader_)), ids);
    } else if constexpr (std::is_constructible_v<Callable, Loader>) {
      if (std::exchange(has_loader_, false)) {
        return std::make_unique<Owned>(Callable(std::forward<Loader>(loader_)), ids);
      }
    }
    return nullptr;
  }

  /// An outcome for each id that was named, of those of each once.
  [[nodiscard]] Outcomes take(std::vector<Result<FetchInfo>> infos) {
    Outcomes once;
    once.reserve(infos.size());
    for (std::size_t i = 0; i < infos.size(); ++i) {
      once.push_back(std::move(infos[i]).map([&](FetchInfo&& info) {
        return Fetched<T>{std::move(info), slots_[i].job.take()};
      }));
    }
    if (named_.size() == once.size()) return once;
    Outcomes outcomes;
    outcomes.reserve(named_.size());
    for (const std::size_t index : named_) outcomes.push_back(once[index]);
    return outcomes;
  }

 private:
  struct Slot {
    explicit Slot(Id&& of) : id(std::move(of)) {}
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

    Id id;
    std::optional<T> given{};
    TypedJob<T, Codec, Handover<T>> job{Handover<T>{&given}};
  };

  void add(Id id) {
    std::string text(to_cache_id(id));
    const auto [place, is_new] = index_of_.emplace(text, slots_.size());
    named_.push_back(place->second);
    if (!is_new) return;
    slots_.emplace_back(std::move(id));
    texts_.push_back(std::move(text));
  }

  template <typename Answers>
  Result<void> accept(Answers&& answers) {
    for (auto&& [id, value] : answers) {
      const auto found = index_of_.find(to_cache_id(id));
      if (found == index_of_.end()) continue;
      // What a view shows is somebody else's.
      if constexpr (std::is_lvalue_reference_v<Answers> || std::ranges::view<Answers>) {
        slots_[found->second].given = std::optional<T>(value);
      } else {
        slots_[found->second].given = std::optional<T>(std::move(value));
      }
    }
    return {};
  }

  template <typename Answers>
  Result<void> accept(Result<Answers>&& answers) {
    if (answers) return accept(*std::move(answers));
    Error error = std::move(answers).error();
    error.code = Errc::loader_failed;
    return fail(std::move(error));
  }

  Loader loader_;
  bool has_loader_ = true;
  std::deque<Slot> slots_{};
  std::vector<std::string> texts_{};
  std::unordered_map<std::string, std::size_t> index_of_{};
  std::vector<std::size_t> named_{};  ///< Of each id that was named, in order.
};

}  // namespace detail
}  // namespace cachekit
