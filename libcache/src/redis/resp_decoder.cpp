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

RedisReply* place(const redisReadTask* task, Type type) {
  RedisReply* reply = nullptr;
  if (task->parent == nullptr) {
    reply = static_cast<RedisReply*>(task->privdata);
    *reply = RedisReply{};
  } else {
    reply = &static_cast<RedisReply*>(task->parent->obj)->elements.emplace_back();
  }
  reply->type = type;
  return reply;
}

void* create_string(const redisReadTask* task, char* text, std::size_t length) {
  const Type type = task->type == REDIS_REPLY_ERROR    ? Type::error
                    : task->type == REDIS_REPLY_STATUS ? Type::status
                                                       : Type::string;
  RedisReply* reply = place(task, type);
  reply->text.assign(text, length);
  return reply;
}

#if HIREDIS_MAJOR >= 1
using ArraySize = std::size_t;
#else
using ArraySize = int;
#endif

void* create_array(const redisReadTask* task, ArraySize) { return place(task, Type::array); }

void* create_integer(const redisReadTask* task, long long value) {
  RedisReply* reply = place(task, Type::integer);
  reply->integer = value;
  return reply;
}

void* create_nil(const redisReadTask* task) { return place(task, Type::nil); }

void free_object(void*) {}  // The decoder owns the tree.

redisReplyObjectFunctions functions() {
  redisReplyObjectFunctions table{};
  table.createString = create_string;
  table.createArray = create_array;
  table.createInteger = create_integer;
  table.createNil = create_nil;
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

  Reader() : reader(redisReaderCreateWithFunctions(&table)) { reader->privdata = &current; }

  redisReplyObjectFunctions table = functions();
  RedisReply current{};
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
    return fail(Errc::protocol, fmt::format("the reply is not in the protocol of Redis ({})",
                                            reader_->reader->errstr));
  }
  if (found == nullptr) {
    reader_->too_much = announces_too_much(*reader_->reader);
    if (reader_->too_much) return too_much();
    return std::nullopt;
  }
  reader_->fed_since_reply = 0;
  reader_->idle = reader_->reader->pos == reader_->reader->len;
  return std::exchange(reader_->current, RedisReply{});
}

bool RespDecoder::idle() const noexcept { return reader_->idle; }

}  // namespace cachekit::redis
