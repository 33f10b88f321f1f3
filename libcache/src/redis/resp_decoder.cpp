// The one file that knows hiredis. Its reader parses; the functions below build `RedisReply` trees
// out of what it finds. They do not reserve for announced sizes: an array grows by what arrives.
//
// The reader keeps pointers to the arrays that are still being filled. These stay valid: while an
// array is being filled it is the last element of its parent, and nothing is added to that parent.
//
// Most replies are one short string, number or nil that came in one piece. The reader does not get
// to see these (simple_reply.hpp), nor a long string that comes in many pieces (long_string.hpp);
// all else, and above all what is wrong, is left to it.
//
// Whenever the reader has used up a KiB, it moves all the rest of its buffer to the front. With a
// long pipeline in there each byte would be moved dozens of times, so the reader gets its bytes in
// portions: small ones, but all that a long string is known to need.

#include "redis/resp_decoder.hpp"

#include "core/byte_queue.hpp"
#include "redis/long_string.hpp"
#include "redis/simple_reply.hpp"

#include <algorithm>
#include <charconv>
#include <new>
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
  std::size_t elements = 0;
  std::size_t max_elements = RespDecoder::most_elements;
  bool malformed = false;  // More than hiredis checks.
};

// Ends the reading, with an error that `next` puts into words.
RedisReply* refuse(const redisReadTask* task) {
  static_cast<Tree*>(task->privdata)->malformed = true;
  return nullptr;
}

// Null where it cannot be. Nothing may be thrown through hiredis, which is C.
RedisReply* place(const redisReadTask* task, Type type, std::string_view text = {}) noexcept {
  Tree& tree = *static_cast<Tree*>(task->privdata);
  try {
    RedisReply* reply = &tree.root;
    if (task->parent == nullptr) {
      tree.elements = 0;
      reply->integer = 0;
      reply->elements.clear();
    } else {
      if (++tree.elements > tree.max_elements) return refuse(task);
      reply = &static_cast<RedisReply*>(task->parent->obj)->elements.emplace_back();
    }
    reply->type = type;
    reply->text.assign(text);
    return reply;
  } catch (const std::bad_alloc&) {
    return refuse(task);
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

// After a string of a given length hiredis skips two bytes, whatever they are. If they are no line
// end, the length was wrong, and the replies are out of step from here on.
void* create_string(const redisReadTask* task, char* text, std::size_t length) {
  const std::optional<Type> type = type_of_text(task);
  if (!type) return refuse(task);
  if (*type == Type::string && std::string_view(text + length, 2) != "\r\n") return refuse(task);
  return place(task, *type, {text, length});
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
  if (reply != nullptr) reply->integer = value;
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

// The bytes that the reader gets at once when it is not known how many it needs.
constexpr std::size_t portion = 2048;
// A buffer that is larger than this is given back as soon as it is empty.
constexpr std::size_t max_kept_buffer = std::size_t{64} << 10U;

// The longest line that may come, and the longest one that announces a string.
constexpr std::size_t max_line = std::size_t{1} << 20U;
constexpr std::size_t max_header = 32;

// How many bytes the reader needs before it can go on, as far as they are known; empty when a
// string was announced that is longer than any reply may be, or a line does not end.
std::optional<std::size_t> needed(const redisReader& reader) {
  const std::size_t unread = reader.len - reader.pos;
  // Twice as much of a line whose end has not come: the reader looks through it from its beginning,
  // each time.
  const std::size_t some = std::max(portion, unread);
  const bool string = reader.ridx >= 0 && current_task(reader).type == REDIS_REPLY_STRING;
  // hiredis waits for a string of any length. Its position is then that of the length.
  const char* begin = reader.buf + reader.pos;
  const char* end = reader.buf + reader.len;
  if (!string && unread > max_line) return std::nullopt;
  if (string && unread > max_header &&
      std::find(begin, begin + max_header, '\r') == begin + max_header) {
    return std::nullopt;
  }
  if (!string) return some;
  std::size_t announced = 0;
  const auto [stop, error] = std::from_chars(begin, end, announced);
  if (error == std::errc::result_out_of_range || announced > RespDecoder::max_reply_bytes) {
    return std::nullopt;
  }
  constexpr std::size_t two_line_ends = 4;
  const std::size_t whole = static_cast<std::size_t>(stop - begin) + announced + two_line_ends;
  return whole > unread ? std::max(portion, whole - unread) : some;
}

tl::unexpected<Error> too_much() {
  return fail(Errc::protocol, fmt::format("a reply of more than {} bytes, or with a line of more "
                                          "than {}, was refused",
                                          RespDecoder::max_reply_bytes, max_line));
}

}  // namespace

struct RespDecoder::Reader {
  struct Free {
    void operator()(redisReader* owned) const { redisReaderFree(owned); }
  };

  Reader() { renew(); }

  void renew() {
    reader.reset(redisReaderCreateWithFunctions(&table));
    reader->privdata = &tree;
  }

  // Whether every byte that the reader was given is part of a reply.
  [[nodiscard]] bool drained() const { return reader->pos == reader->len; }

  // Whether the reader has nothing, not even a part of a reply.
  [[nodiscard]] bool between_replies() const {
    return reader->err == 0 && reader->ridx < 0 && drained();
  }

  // Gives the reader its next portion; false when none is there.
  bool refill() {
    if (waiting.empty()) return false;
    waiting.use(give(waiting.view()));
    return true;
  }

  std::size_t give(std::string_view bytes) {
    const std::string_view now = bytes.substr(0, room);
    redisReaderFeed(reader.get(), now.data(), now.size());
    room -= now.size();
    return now.size();
  }

  // Whether a reply begins that is a long string, which is then collected.
  bool begin_long_string() {
    const std::optional<StringHeader> header = string_header(waiting.view());
    if (!header || header->size < LongString::least || header->size > max_reply_bytes) return false;
    waiting.use(header->bytes);
    long_string.emplace(header->size);
    waiting.use(long_string->take(waiting.view()));
    return true;
  }

  Result<std::optional<RedisReply>> next_of_long_string() {
    if (!long_string->complete()) return std::nullopt;
    std::optional<std::string> text = std::move(*long_string).text();
    long_string.reset();
    if (!text) {
      reader->err = REDIS_ERR_PROTOCOL;  // From now on it gives nothing.
      tree.malformed = true;
      return broken();
    }
    settle();
    return Result<std::optional<RedisReply>>(
        tl::in_place, RedisReply{.type = Type::string, .text = *std::move(text)});
  }

  // Between two replies nothing is kept that only a large one needed.
  void settle() {
    fed_since_reply = 0;
    room = portion;
    idle = drained() && waiting.empty();
    if (!idle) return;
    waiting.trim();
    if (sdsalloc(reader->buf) > max_kept_buffer) renew();
  }

  [[nodiscard]] tl::unexpected<Error> broken() const {
    return fail(Errc::protocol,
                fmt::format("the reply is not in the protocol of Redis ({})",
                            tree.malformed ? "a wrong length, too deep, too much, or not RESP2"
                                           : reader->errstr));
  }

  redisReplyObjectFunctions table = functions();
  Tree tree{};
  std::unique_ptr<redisReader, Free> reader{};
  std::size_t room = portion;  // What the reader may get before it is asked again.
  ByteQueue waiting{};         // Came, and the reader has not got it yet.
  std::optional<LongString> long_string{};
  std::size_t fed_since_reply = 0;
  bool too_much = false;
  bool idle = true;  // Every byte was part of a reply that was given out.
};

RespDecoder::RespDecoder(std::size_t max_elements) : reader_(std::make_unique<Reader>()) {
  reader_->tree.max_elements = max_elements;
}
RespDecoder::~RespDecoder() = default;

void RespDecoder::feed(std::string_view bytes) {
  Reader& own = *reader_;
  own.idle = own.idle && bytes.empty();
  own.fed_since_reply += bytes.size();
  own.too_much = own.too_much || own.fed_since_reply > max_reply_bytes;
  if (own.too_much || own.reader->err != 0) return;
  if (own.long_string) bytes.remove_prefix(own.long_string->take(bytes));
  if (own.waiting.empty() && !own.between_replies()) bytes.remove_prefix(own.give(bytes));
  if (!bytes.empty()) own.waiting.append(bytes);
}

Result<std::optional<RedisReply>> RespDecoder::next() {
  Reader& own = *reader_;
  if (own.too_much) return too_much();
  // Asked without bytes, hiredis would begin a reply that looks like half of one.
  if (own.idle) return std::nullopt;
  if (own.long_string) return own.next_of_long_string();
  if (own.between_replies()) {
    if (std::optional<SimpleReply> simple = simple_reply(own.waiting.view())) {
      own.waiting.use(simple->bytes);
      own.settle();
      return Result<std::optional<RedisReply>>(tl::in_place, std::move(simple->reply));
    }
    if (own.begin_long_string()) return own.next_of_long_string();
    own.refill();
  }
  void* found = nullptr;
  while (true) {
    if (redisReaderGetReply(own.reader.get(), &found) != REDIS_OK) return own.broken();
    if (found != nullptr) break;
    const std::optional<std::size_t> more = needed(*own.reader);
    own.too_much = !more;
    if (own.too_much) return too_much();
    own.room = *more;
    if (!own.refill()) return std::nullopt;
  }
  own.settle();
  return Result<std::optional<RedisReply>>(tl::in_place, std::move(own.tree.root));
}

bool RespDecoder::idle() const noexcept { return reader_->idle; }

}  // namespace cachekit::redis
