#include "memory/block_heap.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include <sys/mman.h>

using namespace cachekit::memory;

namespace {

struct Block {
  char* begin;
  std::size_t size;
  char content;

  [[nodiscard]] bool intact() const {
    return std::all_of(begin, begin + size, [this](char c) { return c == content; });
  }
};

class Heap {
 public:
  Block allocate(std::size_t size) {
    const auto content = static_cast<char>(++count_);
    auto* const begin = static_cast<char*>(heap->allocate(size));
    std::memset(begin, content, size);
    return {begin, size, content};
  }

  void collect() const {
    while (!heap->collect()) {
    }
  }

  BlockHeap::Pointer heap = BlockHeap::make(std::make_shared<PagePool>(HugePages::no));

 private:
  unsigned count_ = 0;
};

void free(const Block& block) { BlockHeap::free(block.begin, block.size); }

}  // namespace

TEST_CASE("blocks keep what is in them, whatever becomes of others", "[memory][heap]") {
  Heap t;
  std::mt19937 random(3);
  std::vector<Block> blocks;
  int damaged = 0;
  int misplaced = 0;
  for (std::size_t step = 0; step < 60'000; ++step) {
    // Fills up at first, then empties.
    const bool allocates = random() % 100 < (step < 30'000 ? 60U : 40U);
    if (allocates || blocks.empty()) {
      const bool small = random() % 4 != 0;
      blocks.push_back(t.allocate(1 + random() % (small ? 300 : BlockHeap::largest_block)));
      if (reinterpret_cast<std::uintptr_t>(blocks.back().begin) % BlockHeap::granule != 0) {
        ++misplaced;
      }
    } else {
      std::swap(blocks[random() % blocks.size()], blocks.back());
      damaged += blocks.back().intact() ? 0 : 1;
      free(blocks.back());
      blocks.pop_back();
    }
    if (step % 4096 == 0) {
      t.collect();
      REQUIRE(t.heap->consistent());
      REQUIRE(t.heap->blocks() == blocks.size());
    }
  }
  CHECK(misplaced == 0);
  for (const Block& block : blocks) {
    damaged += block.intact() ? 0 : 1;
    free(block);
  }
  CHECK(damaged == 0);
  t.collect();
  CHECK(t.heap->consistent());
  CHECK(t.heap->blocks() == 0);
  CHECK(t.heap->bytes() == PagePool::page_size);
}

TEST_CASE("memory of one size is good for another once it is free", "[memory][heap]") {
  Heap t;
  std::vector<Block> blocks;
  for (int i = 0; i < 10'000; ++i) blocks.push_back(t.allocate(200));
  const std::size_t before = t.heap->bytes();
  for (const std::size_t size : {100U, 1000U, 48U, 3000U}) {
    for (const Block& block : blocks) free(block);
    blocks.clear();
    for (std::size_t i = 0; i < 10'000 * 200 / size; ++i) blocks.push_back(t.allocate(size));
    CHECK(t.heap->bytes() < before + before / 10);
  }
  for (const Block& block : blocks) free(block);
}

TEST_CASE("a heap takes little more than its blocks are charged", "[memory][heap]") {
  Heap t;
  std::mt19937 random(4);
  std::vector<Block> blocks;
  std::size_t charged = 0;
  // As a cache does: the oldest go, sizes vary.
  for (std::size_t i = 0, oldest = 0; i < 100'000; ++i) {
    blocks.push_back(t.allocate(40 + random() % 400));
    charged += BlockHeap::charge(blocks.back().size);
    for (; charged > 2'000'000; ++oldest) {
      charged -= BlockHeap::charge(blocks[oldest].size);
      free(blocks[oldest]);
      blocks[oldest].begin = nullptr;
    }
  }
  CHECK(t.heap->bytes() < 2'000'000 * 11 / 10);
  for (const Block& block : blocks) {
    if (block.begin != nullptr) free(block);
  }
}

TEST_CASE("threads free while another one allocates", "[memory][heap][stress]") {
  Heap t;
  constexpr std::size_t threads = 3;
  constexpr std::size_t rounds = 200;
  int damaged = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    std::vector<std::vector<Block>> shares(threads);
    for (std::size_t i = 0; i < 300; ++i) shares[i % threads].push_back(t.allocate(1 + i));
    std::vector<std::thread> running;
    for (std::vector<Block>& share : shares) {
      running.emplace_back([&share] {
        for (const Block& block : share) free(block);
      });
    }
    std::vector<Block> mine;
    for (std::size_t i = 0; i < 300; ++i) mine.push_back(t.allocate(300 - i));
    for (std::thread& thread : running) thread.join();
    for (const Block& block : mine) {
      damaged += block.intact() ? 0 : 1;
      free(block);
    }
  }
  CHECK(damaged == 0);
  t.collect();
  CHECK(t.heap->consistent());
  CHECK(t.heap->blocks() == 0);
}

TEST_CASE("what was freed at once is taken back bit by bit", "[memory][heap]") {
  Heap t;
  std::vector<Block> blocks;
  for (int i = 0; i < 10'000; ++i) blocks.push_back(t.allocate(200));
  const std::size_t pages = t.heap->bytes();
  for (const Block& block : blocks) free(block);
  for (std::size_t left = blocks.size(); !t.heap->collect();) {
    REQUIRE(t.heap->blocks() < left);
    REQUIRE(t.heap->blocks() + 100 > left);
    left = t.heap->blocks();
    REQUIRE(t.heap->consistent());
  }
  CHECK(t.heap->blocks() == 0);
  for (const Block& block : blocks) free(t.allocate(block.size));
  CHECK(t.heap->bytes() <= pages);
}

TEST_CASE("a block may outlive what its heap was for", "[memory][heap]") {
  const auto pool = std::make_shared<PagePool>(HugePages::no);
  for (int round = 0; round < 100; ++round) {
    BlockHeap::Pointer heap = BlockHeap::make(pool);
    std::vector<void*> blocks;
    for (int i = 0; i < 20; ++i) blocks.push_back(heap->allocate(100));
    std::thread other([&blocks] {
      for (void* const block : blocks) BlockHeap::free(block, 100);
    });
    heap.reset();
    other.join();
  }
  CHECK(pool.use_count() == 1);  // All heaps are gone.
}

TEST_CASE("a pool gives runs of pages, aligned and apart", "[memory][heap]") {
  PagePool pool(HugePages::yes);
  struct Run {
    char* begin;
    std::size_t pages;
  };
  std::mt19937 random(5);
  std::vector<Run> runs;
  int wrong = 0;
  for (int step = 0; step < 3000; ++step) {
    if (runs.size() < 20 || random() % 2 == 0) {
      const std::size_t pages = random() % 50 == 0 ? 33 + random() % 50 : 1 + random() % 10;
      auto* const begin = static_cast<char*>(pool.allocate(pages));
      if (reinterpret_cast<std::uintptr_t>(begin) % PagePool::page_size != 0) ++wrong;
      for (const Run& run : runs) {
        if (begin < run.begin + run.pages * PagePool::page_size &&
            run.begin < begin + pages * PagePool::page_size) {
          ++wrong;
        }
      }
      begin[0] = begin[pages * PagePool::page_size - 1] = 'x';
      runs.push_back({begin, pages});
    } else {
      std::swap(runs[random() % runs.size()], runs.back());
      pool.release(runs.back().begin, runs.back().pages);
      runs.pop_back();
    }
  }
  CHECK(wrong == 0);
  for (const Run& run : runs) pool.release(run.begin, run.pages);
}

TEST_CASE("a pool gives back the free pages between others", "[memory][heap]") {
  PagePool pool(HugePages::no);
  std::vector<char*> pages;
  for (int i = 0; i < 100; ++i) {
    pages.push_back(static_cast<char*>(pool.allocate(1)));
    std::memset(pages.back(), 'x', PagePool::page_size);
  }
  const auto resident = [](char* page) {
    std::vector<unsigned char> there(PagePool::page_size / 4096);
    REQUIRE(::mincore(page, PagePool::page_size, there.data()) == 0);
    return std::any_of(there.begin(), there.end(),
                       [](unsigned char one) { return (one & 1U) != 0; });
  };
  for (std::size_t i = 0; i < pages.size(); i += 3) pool.release(pages[i], 1);
  CHECK(resident(pages[0]));
  pool.give_back();
  for (std::size_t i = 0; i < pages.size(); ++i) {
    if (i % 3 == 0) {
      REQUIRE_FALSE(resident(pages[i]));
    } else {
      REQUIRE(
          std::all_of(pages[i], pages[i] + PagePool::page_size, [](char c) { return c == 'x'; }));
    }
  }
  for (std::size_t i = 0; i < pages.size(); ++i) {
    if (i % 3 != 0) pool.release(pages[i], 1);
  }
}
