#include "memory/shard_table.hpp"

#include "memory/shard.hpp"

namespace cachekit::memory {

ShardTable::ShardTable(std::size_t slots) : homes_(slots), made_(slots) {}

ShardTable::~ShardTable() {
  for (const std::atomic<Shard*>& shard : made_) delete shard.load(std::memory_order_acquire);
}

HashRange ShardTable::range(std::size_t first, std::size_t slots) const noexcept {
  const auto begin_of = [this](std::size_t slot) {
    return ((std::uint64_t{slot} << 32U) + homes_.size() - 1) / homes_.size();
  };
  return {.first = static_cast<std::uint32_t>(begin_of(first)),
          .count = begin_of(first + slots) - begin_of(first)};
}

void ShardTable::make(std::size_t number, std::unique_ptr<Shard> shard) noexcept {
  made_[number].store(shard.release(), std::memory_order_release);
}

void ShardTable::move(std::size_t first, std::size_t slots, Shard& shard) noexcept {
  for (std::size_t slot = first; slot < first + slots; ++slot) {
    homes_[slot].store(&shard, std::memory_order_release);
  }
}

}  // namespace cachekit::memory
