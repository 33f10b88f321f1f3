// The one file that knows hiredis. Its readers parse; the functions below build `RedisReply` trees
// out of what they find. They do not reserve for announced sizes: an array grows by what arrives.
//
// A reader keeps pointers to the arrays that are still being filled. These stay valid: while an
// array is being filled it is the last element of its parent, and nothing is added to that parent.
// For the same reason an array of the next layer can be filled in its place: the reader of the
// layer above has put a nil there, and gets nothing more until that array is complete.

#include "redis/tree_parser.hpp"

#include "redis/reply_scanner.hpp"
#include "redis/reply_shape.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <optional>
#include <utility>

#include <hiredis/hiredis.h>

namespace cachekit::redis {
namespace {

using Type = RedisReply::Type;

// Where a reader builds.
struct Tree {
  RedisReply* root = nullptr;
  RedisReply* last = nullptr;  // What it made last.
  bool no_memory = false;
};

// Null for want of memory. Nothing may be thrown through hiredis, which is C.
RedisReply* place(const redisReadTask* task, Type type, std::string_view text = {}) noexcept {
  Tree& tree = *static_cast<Tree*>(task->privdata);
  try {
    RedisReply* reply = tree.root;
    if (task->parent != nullptr) {
      reply = &static_cast<RedisReply*>(task->parent->obj)->elements.emplace_back();
    }
    reply->type = type;
    reply->text.assign(text);
    tree.last = reply;
    return reply;
  } catch (const std::bad_alloc&) {
    tree.no_memory = true;
    return nullptr;
  }
}

std::optional<Type> type_of_text(const redisReadTask* task) {
  switch (task->type) {
    case REDIS_REPLY_STRING:
      return Type::string;
    case REDIS_REPLY_STATUS:
      return Type::status;
    case REDIS_REPLY_ERROR:
      return Type::error;
    default:
      return std::nullopt;
  }
}

// What ends the reading with an error: types of RESP3, which the library never asks for. Those that
// share a function with one of RESP2 are told apart.
void* refuse() { return nullptr; }

void* create_string(const redisReadTask* task, char* text, std::size_t length) {
  const std::optional<Type> type = type_of_text(task);
  return type ? place(task, *type, {text, length}) : refuse();
}

#if HIREDIS_MAJOR >= 1
using ArraySize = std::size_t;
#else
using ArraySize = int;
#endif

void* create_array(const redisReadTask* task, ArraySize) {
  return task->type == REDIS_REPLY_ARRAY ? place(task, Type::array) : refuse();
}

void* create_integer(const redisReadTask* task, long long value) {
  RedisReply* reply = place(task, Type::integer);
  if (reply != nullptr) reply->integer = value;
  return reply;
}

void* create_nil(const redisReadTask* task) {
  if (task->type == REDIS_REPLY_NIL) return refuse();
  RedisReply* reply = place(task, Type::nil);
  const bool is_whole = task->parent == nullptr;
  if (reply != nullptr && is_whole && task->type == REDIS_REPLY_ARRAY) mark_as_array(*reply);
  return reply;
}

#if HIREDIS_MAJOR >= 1
void* create_double(const redisReadTask*, double, char*, std::size_t) { return refuse(); }
void* create_bool(const redisReadTask*, int) { return refuse(); }
#endif

void free_object(void*) {}  // The parser owns the tree.

redisReplyObjectFunctions functions() {
  redisReplyObjectFunctions table{};
  table.createString = create_string;
  table.createArray = create_array;
  table.createInteger = create_integer;
  table.createNil = create_nil;
#if HIREDIS_MAJOR >= 1
  table.createDouble = create_double;
  table.createBool = create_bool;
#endif
  table.freeObject = free_object;
  return table;
}

// A buffer that is larger than this is given back with the reply that needed it.
constexpr std::size_t max_kept_buffer = std::size_t{64} << 10U;

}  // namespace

struct TreeParser::Layers {
  struct Free {
    void operator()(redisReader* owned) const { redisReaderFree(owned); }
  };
  // A reader is made when it is needed: where there is no memory for one, only that reply is lost.
  struct Layer {
    Tree tree{};
    std::unique_ptr<redisReader, Free> reader{};
    bool complete = false;
  };

  [[nodiscard]] bool make_reader(Layer& layer) noexcept {
    if (layer.reader) return true;
    layer.reader.reset(redisReaderCreateWithFunctions(&table));
    if (!layer.reader) return false;
    layer.reader->privdata = &layer.tree;
    layer.reader->maxbuf = 0;  // hiredis asserts that there is memory when it gives some back.
    return true;
  }

  redisReplyObjectFunctions table = functions();
  RedisReply root{};
  std::array<Layer, ReplyScanner::max_layers> all{};
  std::size_t current = 0;
  std::size_t deepest = 0;  // Of those that have a reader.
};

TreeParser::TreeParser() : layers_(std::make_unique<Layers>()) {}
TreeParser::~TreeParser() = default;

void TreeParser::begin() noexcept {
  layers_->current = 0;
  Layers::Layer& first = layers_->all.front();
  first.tree.root = &layers_->root;
  first.complete = false;
}

TreeParser::Outcome TreeParser::keep(std::string_view bytes) noexcept {
  Layers::Layer& layer = layers_->all[layers_->current];
  if (!layers_->make_reader(layer)) return Outcome::no_memory;
  const int fed = redisReaderFeed(layer.reader.get(), bytes.data(), bytes.size());
  return fed == REDIS_OK ? Outcome::fine : Outcome::no_memory;
}

TreeParser::Outcome TreeParser::parse(std::string_view bytes) noexcept {
  const Outcome kept = keep(bytes);
  if (kept != Outcome::fine) return kept;
  Layers::Layer& layer = layers_->all[layers_->current];
  // Asked for another one, hiredis would begin a reply that looks like half of one.
  if (layer.complete) return Outcome::malformed;
  void* found = nullptr;
  if (redisReaderGetReply(layer.reader.get(), &found) != REDIS_OK) {
    return layer.tree.no_memory ? Outcome::no_memory : Outcome::malformed;
  }
  layer.complete = found != nullptr;
  return Outcome::fine;
}

TreeParser::Outcome TreeParser::descend() noexcept {
  const Outcome placed = parse("$-1\r\n");
  if (placed != Outcome::fine) return placed;
  RedisReply* const hole = layers_->all[layers_->current].tree.last;
  Layers::Layer& next = layers_->all[++layers_->current];
  layers_->deepest = std::max(layers_->deepest, layers_->current);
  next.tree.root = hole;
  next.complete = false;
  return Outcome::fine;
}

TreeParser::Outcome TreeParser::ascend(std::size_t layer) noexcept {
  if (!layers_->all[layers_->current].complete) return Outcome::malformed;
  layers_->current = layer;
  return Outcome::fine;
}

bool TreeParser::complete() const noexcept {
  return layers_->all[layers_->current].complete && layers_->all.front().complete;
}

RedisReply TreeParser::result() noexcept {
  Layers& own = *layers_;
  RedisReply reply = std::exchange(own.root, RedisReply{});
  Layers::Layer& first = own.all.front();
  if (sdsalloc(first.reader->buf) > max_kept_buffer) first.reader.reset();
  for (; own.deepest > 0; --own.deepest) own.all[own.deepest].reader.reset();
  return reply;
}

void TreeParser::drop() noexcept {
  for (Layers::Layer& layer : layers_->all) {
    layer.reader.reset();
    layer.tree = {};
  }
  layers_->deepest = 0;
  layers_->root = RedisReply{};
}

}  // namespace cachekit::redis
