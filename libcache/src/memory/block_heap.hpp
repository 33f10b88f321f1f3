#pragma once

#include "memory/page_pool.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace cachekit::memory {

/// The memory of a shard's entries: blocks of any size up to a fraction of a page, cut from pages.
///
/// A block has no header of its own: who frees it says how long it is, which an entry knows anyway.
/// Each page begins with a bit for every eight bytes, set where a block is in use. So the
/// neighbours of a block that is freed are found by looking at bits, and free memory is always one
/// run between two blocks; such runs lie in lists by their length, from which the first that
/// is long enough is taken ("segregated fits with immediate coalescing", Wilson, Johnstone, Neely
/// and Boles, "Dynamic storage allocation", 1995). A page that is free as a whole goes back.
///
/// `free` only puts a block on a stack, whoever calls it and whenever: each `allocate` and
/// `collect` takes some of what lies there back, so neither takes long however much was freed at
/// once.
///
/// Threads: `allocate` and `collect` one at a time (the shard's lock), `free` from any thread at
/// any time. Errors: `std::bad_alloc`.
///
/// Lifetime: it lives on after `close` until the last block is freed, for an entry may be held
/// longer than its cache.
class BlockHeap {
 public:
  struct Close {
    void operator()(BlockHeap* heap) const noexcept { heap->close(); }
  };
  using Pointer = std::unique_ptr<BlockHeap, Close>;

  [[nodiscard]] static Pointer make(std::shared_ptr<PagePool> pool) {
    return Pointer(new BlockHeap(std::move(pool)));
  }
  BlockHeap(const BlockHeap&) = delete;
  BlockHeap& operator=(const BlockHeap&) = delete;

  /// Blocks are aligned to this, and take a multiple of it.
  static constexpr std::size_t granule = 8;
  static constexpr std::size_t least_block = 4 * granule;
  /// Where a few blocks fill a page, much of it would be left over.
  static constexpr std::size_t largest_block = PagePool::page_size / 16;

  /// What a block takes, its bits included. A larger one, which comes from elsewhere, takes about
  /// as much.
  [[nodiscard]] static constexpr std::size_t charge(std::size_t bytes) noexcept {
    const std::size_t rounded = rounded_up(bytes);
    return rounded + rounded / bytes_a_bit_byte + 1;
  }

  /// Requires: at most `largest_block` bytes.
  [[nodiscard]] void* allocate(std::size_t bytes);
  /// Requires: a block of a heap, with the size it was allocated with.
  static void free(void* block, std::size_t bytes) noexcept;
  /// Takes back a part of what was freed; true when nothing of it is left.
  bool collect() noexcept {
    if (taken_ == nullptr && freed_.load(std::memory_order_relaxed) == nullptr) return true;
    return take_freed();
  }

  /// In bytes, of all pages.
  [[nodiscard]] std::size_t bytes() const noexcept { return pages_ * PagePool::page_size; }
  /// Of blocks that were not taken back yet.
  [[nodiscard]] std::size_t blocks() const noexcept { return blocks_; }
  /// Whether pages, bits and lists agree with each other.
  [[nodiscard]] bool consistent() const;

 private:
  static constexpr std::size_t granules_a_page = PagePool::page_size / granule;
  static constexpr std::size_t bytes_a_bit_byte = 8 * granule;
  static constexpr std::size_t word_bits = 64;

  // The beginning of a page.
  struct Page {
    BlockHeap* heap = nullptr;
    Page* next = nullptr;
    Page* previous = nullptr;
    std::array<std::uint64_t, granules_a_page / word_bits> taken{};
  };
  // The beginning of a free run of at least `least_run` granules.
  struct Run {
    Run* next = nullptr;
    Run* previous = nullptr;
    std::size_t granules = 0;
  };
  // The beginning of a block that was freed and not taken back yet.
  struct Freed {
    Freed* next = nullptr;
    std::size_t bytes = 0;
  };
  static constexpr std::size_t header = (sizeof(Page) + granule - 1) / granule;
  static constexpr std::size_t least_run = (sizeof(Run) + granule - 1) / granule;

  // Lists: one for each length up to `exact`, then four for each power of two.
  static constexpr std::size_t exact = 64;
  static constexpr std::size_t exact_log = 6;
  static constexpr std::size_t lists = exact + 4 * (13 - exact_log);

  explicit BlockHeap(std::shared_ptr<PagePool> pool) : pool_(std::move(pool)) {}
  ~BlockHeap();

  [[nodiscard]] static constexpr std::size_t rounded_up(std::size_t bytes) noexcept {
    const std::size_t least = bytes < least_block ? least_block : bytes;
    return (least + granule - 1) / granule * granule;
  }
  [[nodiscard]] static Page& page_of(const void* block) noexcept;
  [[nodiscard]] static std::size_t position_in(const Page& page, const void* block) noexcept;
  [[nodiscard]] static Run* run_at(Page& page, std::size_t position) noexcept;
  [[nodiscard]] static std::size_t list_of(std::size_t granules) noexcept;
  static void mark(Page& page, std::size_t begin, std::size_t end, bool taken) noexcept;
  [[nodiscard]] static std::size_t run_begin(const Page& page, std::size_t position) noexcept;
  [[nodiscard]] static std::size_t run_end(const Page& page, std::size_t position) noexcept;

  void close() noexcept;
  void leave() noexcept;
  bool take_freed() noexcept;
  [[nodiscard]] Freed* take_back(Freed* stack, std::size_t most) noexcept;
  void add_page();
  void drop_page(Page& page) noexcept;
  void list(Page& page, std::size_t begin, std::size_t end) noexcept;
  void unlist(Page& page, std::size_t begin, std::size_t end) noexcept;
  [[nodiscard]] Run* first_fit(std::size_t granules) const noexcept;

  const std::shared_ptr<PagePool> pool_;
  Page* first_page_ = nullptr;
  std::size_t pages_ = 0;
  std::size_t blocks_ = 0;
  Freed* taken_ = nullptr;  // Off the stack, and yet to be taken back.
  std::array<Run*, lists> runs_{};
  std::array<std::uint64_t, (lists + word_bits - 1) / word_bits> not_empty_{};

  // By whoever frees; on a line of their own.
  alignas(64) std::atomic<Freed*> freed_{nullptr};
  Freed closed_{};                     // Lies on the stack for good after `close`.
  std::atomic<std::int64_t> left_{0};  // After `close`: how many blocks are still out.
};

}  // namespace cachekit::memory
