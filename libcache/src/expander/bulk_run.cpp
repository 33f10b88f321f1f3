#include "expander/bulk_run.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace cachekit {
namespace {

template <typename Keys>
std::vector<std::string_view> views_of(const Keys& keys) {
  std::vector<std::string_view> views;
  views.reserve(keys.size());
  for (const BulkKey& key : keys) views.push_back(key.key);
  return views;
}

}  // namespace

BulkRun::BulkRun(ExpanderState& state, const std::vector<BulkKey>& keys, detail::BulkJob& job,
                 const FetchOptions& options, Outcomes& outcomes)
    : state_(state),
      keys_(keys),
      job_(job),
      options_(options),
      policy_(options.policy ? *options.policy : state.options.policy),
      outcomes_(outcomes),
      cache_(state) {}

void BulkRun::go() {
  begin();
  for (end(); !items_.empty(); end()) advance();
}

BulkRun::Item& BulkRun::add(const BulkKey& key) {
  items_.push_back({.key = &key,
                    .run = FetchRun(state_, key.kind, key.key, job_.at(key.index), options_,
                                    key.ttl, CacheAccess(state_, key.key)),
                    .step = Step::look_up});
  return items_.back();
}

BulkRun::Items BulkRun::at(Step step) {
  Items found;
  for (Item& item : items_) {
    if (item.step == step) found.push_back(&item);
  }
  return found;
}

void BulkRun::begin() {
  switch (options_.strategy) {
    case Strategy::fresh:
    case Strategy::refresh:
      return look_up();
    case Strategy::invalidate:
      return drop();
    case Strategy::bypass:
      for (const BulkKey& key : keys_) add(key).step = Step::load_alone;
  }
}

void BulkRun::look_up() {
  std::vector<std::uint64_t> landed_before;
  landed_before.reserve(keys_.size());
  for (const BulkKey& key : keys_) landed_before.push_back(state_.flights.landed(key.key));
  const std::vector<std::string_view> all = views_of(keys_);
  std::vector<Result<void>> trusted = cache_.make_trusted(all);
  std::vector<std::string_view> asked;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (trusted[i]) asked.push_back(all[i]);
  }
  auto replies = cache_.get(asked);
  for (std::size_t i = 0, next = 0; i < keys_.size(); ++i) {
    if (trusted[i]) {
      looked_up(keys_[i], std::move(replies[next++]), landed_before[i]);
      continue;
    }
    Item& item = add(keys_[i]);
    item.run.distrusted_ = true;
    item.run.landed_before_ = landed_before[i];
    LookUp unread;
    unread.info.miss = MissReason::cache_error;
    unread.info.cache_error = std::move(trusted[i]).error();
    item.step = item.run.looked_up(std::move(unread));
  }
}

void BulkRun::looked_up(const BulkKey& key, Result<std::optional<std::string>> reply,
                        std::uint64_t landed_before) {
  LookUp found = CacheAccess(state_, key.key)
                     .looked_up(std::move(reply), key.kind, policy_, job_.at(key.index));
  if (found.standing == Standing::fresh) {
    outcomes_[key.index] = std::move(found.info);
    return;
  }
  Item& item = add(key);
  item.run.landed_before_ = landed_before;
  item.step = item.run.looked_up(std::move(found));
}

void BulkRun::drop() {
  std::vector<Result<bool>> dropped = cache_.invalidate(views_of(keys_));
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    Item& item = add(keys_[i]);
    item.step = item.run.dropped(std::move(dropped[i]));
  }
}

void BulkRun::advance() {
  join();
  see_who_arrived();
  confirm();
  end();  // Who has an answer keeps nobody waiting while others are loaded.
  if (load() || load_alone() || poll()) return;
  // This call owns no flight now.
  const Items waiting = at(Step::wait);
  if (!waiting.empty()) wait_for(*waiting.front(), waiting.front()->until);
}

void BulkRun::join() {
  for (Item* item : at(Step::join)) item->step = item->run.join();
}

void BulkRun::confirm() {
  const Items items = at(Step::confirm);
  if (items.empty()) return;
  Items believed;
  std::vector<std::string_view> keys;
  for (Item* item : items) {
    if (!item->run.distrusted_) {
      believed.push_back(item);
      keys.push_back(item->key->key);
    }
  }
  // An invalidation may have got lost since the look-up.
  const std::vector<Result<void>> trusted = cache_.make_trusted(keys);
  for (std::size_t i = 0; i < believed.size(); ++i) {
    believed[i]->run.distrusted_ = !trusted[i];
  }
  std::erase_if(believed, [](const Item* item) { return item->run.distrusted_; });
  look_again(believed);
  for (Item* item : items) {
    if (item->run.distrusted_) item->step = item->run.confirmed({});
  }
}

void BulkRun::look_again(const Items& items) {
  std::vector<std::string_view> keys;
  for (const Item* item : items) keys.push_back(item->key->key);
  FetchPolicy not_ahead = policy_;
  not_ahead.refresh_ahead = 0;
  const auto tell = [&](auto replies) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      Item& item = *items[i];
      item.step = item.run.confirmed(item.run.cache_.looked_again(
          std::move(replies[i]), item.key->kind, not_ahead, job_.at(item.key->index)));
    }
  };
  if (state_.can.leases) {
    tell(cache_.lease(keys, policy_.load_lease));
  } else {
    tell(cache_.get(keys));
  }
}

bool BulkRun::load() {
  const Items items = at(Step::load);
  if (items.empty()) return false;
  BulkLoad load(state_, {.lease = policy_.load_lease, .retries = options_.loader_retries});
  for (Item* item : items) load.add(item->run.task(), item->key->index);
  // The call is over when all of them are: one without a limit holds up the others anyway.
  const bool in_background = std::all_of(items.begin(), items.end(), [](const Item* item) {
    return item->run.longest_load().has_value();
  });
  if (in_background) {
    load_in_background(std::move(load), items);
  } else {
    load_here(std::move(load), items);
  }
  return true;
}

void BulkRun::load_here(BulkLoad load, const Items& items) {
  BulkLoad::Outcomes outcomes = load.run(job_, cache_, options_.stop);
  for (std::size_t i = 0; i < items.size(); ++i) {
    items[i]->step = items[i]->run.load_ended(std::move(outcomes[i]));
  }
}

void BulkRun::load_in_background(BulkLoad load, const Items& items) {
  struct Detached {
    BulkLoad load;
    std::unique_ptr<detail::BulkJob> job;
    ExpanderState& state;
    void run(const std::stop_token& stop) {
      BulkAccess cache(state);
      static_cast<void>(load.run(*job, cache, stop));
    }
  };
  std::unique_ptr<detail::BulkJob> job = job_.to_owned();
  if (!job) {
    load.abandon(cache_);
    for (Item* item : items) {
      item->step = item->run.failed(
          LoadEnd::failed, {.code = Errc::invalid_argument,
                            .message = "the bulk loader can be neither copied nor moved",
                            .hint = "FetchPolicy::soft_timeout and hard_timeout want that of it"});
    }
    return;
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    Item& item = *items[i];
    const std::chrono::milliseconds at_most = *item.run.longest_load();
    item.run.place_ = load.watch(i);
    item.step = Step::wait;
    item.waiting = item.own_load = true;
    item.timeout = at_most;
    item.until = Deadline::after(at_most, now()).at();
  }
  const auto detached =
      std::make_shared<Detached>(Detached{std::move(load), std::move(job), state_});
  const bool started =
      state_.background.start([detached](const std::stop_token& stop) { detached->run(stop); });
  if (!started) detached->run(options_.stop);
}

// For this call only.
bool BulkRun::load_alone() {
  const Items items = at(Step::load_alone);
  if (items.empty()) return false;
  std::vector<std::size_t> indices;
  for (Item* item : items) {
    item->run.place_.leave();
    if (options_.strategy == Strategy::bypass) item->run.info_.miss = MissReason::bypassed;
    indices.push_back(item->key->index);
  }
  BulkLoadContext context(Deadline::after(policy_.load_lease, now()), options_.stop);
  const Result<Loaded> loaded = load_many(job_, indices, context, options_.loader_retries, state_);
  LoadContext of_key(context.deadline(), options_.stop);
  for (Item* item : items) {
    Result<bool> present =
        loaded ? job_.at(item->key->index).load(of_key) : Result<bool>(fail(loaded.error()));
    item->step = item->run.loaded_alone(std::move(present));
  }
  return true;
}

bool BulkRun::poll() {
  const Items items = at(Step::poll);
  if (items.empty()) return false;
  bool again = false;
  for (Item* item : items) {
    item->step = item->run.may_poll();
    again = again || item->step == Step::confirm;
  }
  if (again) {
    pause_about(policy_.poll_interval, *state_.options.runtime);
    cache_.renew_budget();
  }
  return true;
}

// Without waiting for anybody.
void BulkRun::see_who_arrived() {
  for (Item* item : at(Step::wait)) {
    if (!item->waiting) begin_to_wait(*item);
    wait_for(*item, now());
  }
}

void BulkRun::begin_to_wait(Item& item) const {
  state_.metrics.count(CacheMetrics::Event::wait);
  item.timeout = item.run.longest_wait();
  item.until = Deadline::after(item.timeout, now()).at();
  item.waiting = true;
}

void BulkRun::wait_for(Item& item, Runtime::steady_time until) {
  const Arrival arrival = item.run.wait_for_landing(std::min(until, item.until));
  if (arrival == Arrival::timed_out && now() < item.until) return;
  item.waiting = false;
  const bool own_load = std::exchange(item.own_load, false);
  item.step = own_load ? item.run.load_arrived(arrival, item.timeout)
                       : item.run.waited(arrival, item.timeout);
}

void BulkRun::end() {
  for (auto item = items_.begin(); item != items_.end();) {
    if (!FetchPlan::is_last(item->step)) {
      ++item;
      continue;
    }
    outcomes_[item->key->index] = item->run.end(item->step);
    item = items_.erase(item);
  }
}

}  // namespace cachekit
