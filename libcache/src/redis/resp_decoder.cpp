// The one file that knows hiredis. Its reader parses; the functions below build `RedisReply` trees
// out of what it finds. They do not reserve for announced sizes: an array grows by what arrives.
//
// The reader keeps pointers to the arrays that are still being filled. These stay valid: while an
// array is being filled it is the last element of its parent, and nothing is added to that parent.

#include "redis/resp_decoder.hpp"

#include <charconv>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <hiredis/hiredis.h>

namespace cachekit::redis {
namespace {

using Type = RedisReply::Type;

struct Tree {
  RedisReply root{};
  bool malformed = false;  // More than hiredis checks.
};

RedisReply* place(const redisReadTask* task, Type type) {
  RedisReply* reply = nullptr;
  if (task->parent == nullptr) {
    reply = &static_cast<Tree*>(task->privdata)->root;
    *reply = RedisReply{};
  } else {
    reply = &static_cast<RedisReply*>(task->parent->obj)->elements.emplace_back();
  }
  reply->type = type;
  return reply;
}

// Ends the reading, with an error that `next` puts into words.
void* refuse(const redisReadTask* task) {
  static_cast<Tree*>(task->privdata)->malformed = true;
  return nullptr;
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

// After a string of a given length hiredis skips two bytes, whatever they are. If they are no line
// end, the length was wrong, and the replies are out of step from here on.
void* create_string(const redisReadTask* task, char* text, std::size_t length) {
  const std::optional<Type> type = type_of_text(task);
  if (!type) return refuse(task);
  if (*type == Type::string && std::string_view(text + length, 2) != "\r\n") return refuse(task);
  RedisReply* reply = place(task, *type);
  reply->text.assign(text, length);
  return reply;
}

#if HIREDIS_MAJOR >= 1
using ArraySize = std::size_t;
#else
using ArraySize = int;
#endif

// hiredis 1.1 and later nest without a bound; a tree that deep cannot be destroyed in one stack.
void* create_array(const redisReadTask* task, ArraySize) {
  int depth = 0;
  for (const redisReadTask* outer = task->parent; outer != nullptr; outer = outer->parent) ++depth;
  const bool allowed = task->type == REDIS_REPLY_ARRAY && depth <= RespDecoder::max_nesting;
  return allowed ? place(task, Type::array) : refuse(task);
}

void* create_integer(const redisReadTask* task, long long value) {
  RedisReply* reply = place(task, Type::integer);
  reply->integer = value;
  return reply;
}

void* create_nil(const redisReadTask* task) {
  return task->type != REDIS_REPLY_NIL ? place(task, Type::nil) : refuse(task);
}

#if HIREDIS_MAJOR >= 1
// RESP3, which the library never asks for. Types that share a function with one of RESP2 are told
// apart above.
void* create_double(const redisReadTask* task, double, char*, std::size_t) { return refuse(task); }
void* create_bool(const redisReadTask* task, int) { return refuse(task); }
#endif

void free_object(void*) {}  // The decoder owns the tree.

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

const redisReadTask& current_task(const redisReader& reader) {
#if HIREDIS_MAJOR >= 1
  return *reader.task[reader.ridx];
#else
  return reader.rstack[reader.ridx];
#endif
}

// hiredis waits for a string of any announced length. Its position is then that of the length.
bool announces_too_much(const redisReader& reader) {
  if (reader.ridx < 0 || current_task(reader).type != REDIS_REPLY_STRING) return false;
  std::size_t announced = 0;
  const auto parsed = std::from_chars(reader.buf + reader.pos, reader.buf + reader.len, announced);
  return parsed.ec == std::errc::result_out_of_range || announced > RespDecoder::max_reply_bytes;
}

tl::unexpected<Error> too_much() {
  return fail(Errc::protocol, fmt::format("a reply of more than {} bytes was refused",
                                          RespDecoder::max_reply_bytes));
}

}  // namespace

struct RespDecoder::Reader {
  struct Free {
    void operator()(redisReader* owned) const { redisReaderFree(owned); }
  };

  Reader() : reader(redisReaderCreateWithFunctions(&table)) { reader->privdata = &tree; }

  redisReplyObjectFunctions table = functions();
  Tree tree{};
  std::unique_ptr<redisReader, Free> reader;
  std::size_t fed_since_reply = 0;
  bool too_much = false;
  bool idle = true;  // Every byte was part of a reply that was given out.
};

RespDecoder::RespDecoder() : reader_(std::make_unique<Reader>()) {}
RespDecoder::~RespDecoder() = default;

void RespDecoder::feed(std::string_view bytes) {
  reader_->idle = reader_->idle && bytes.empty();
  reader_->fed_since_reply += bytes.size();
  reader_->too_much = reader_->too_much || reader_->fed_since_reply > max_reply_bytes;
  if (!reader_->too_much) redisReaderFeed(reader_->reader.get(), bytes.data(), bytes.size());
}

Result<std::optional<RedisReply>> RespDecoder::next() {
  if (reader_->too_much) return too_much();
  // Asked without bytes, hiredis would begin a reply that looks like half of one.
  if (reader_->idle) return std::nullopt;
  void* found = nullptr;
  if (redisReaderGetReply(reader_->reader.get(), &found) != REDIS_OK) {
    return fail(Errc::protocol,
                fmt::format("the reply is not in the protocol of Redis ({})",
                            reader_->tree.malformed ? "a wrong length, too deep, or not RESP2"
                                                    : reader_->reader->errstr));
  }
  if (found == nullptr) {
    reader_->too_much = announces_too_much(*reader_->reader);
    if (reader_->too_much) return too_much();
    return std::nullopt;
  }
  reader_->fed_since_reply = 0;
  reader_->idle = reader_->reader->pos == reader_->reader->len;
  return std::exchange(reader_->tree.root, RedisReply{});
}

bool RespDecoder::idle() const noexcept { return reader_->idle; }

}  // namespace cachekit::redis
