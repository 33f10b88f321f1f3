// Most replies are one short string, number or nil that came in one piece. Nothing but
// simple_reply.hpp gets to see these. Of all else reply_scanner.hpp finds the end, and the bytes go
// where they are kept: a long string into long_string.hpp, the rest into tree_parser.hpp, and what
// is not to be kept nowhere.

#include "redis/resp_decoder.hpp"

#include "core/byte_queue.hpp"
#include "core/out_of_memory.hpp"
#include "net/request.hpp"
#include "redis/dropped_reply.hpp"
#include "redis/long_string.hpp"
#include "redis/reply_scanner.hpp"
#include "redis/simple_reply.hpp"
#include "redis/tree_parser.hpp"

#include <exception>
#include <new>
#include <string>
#include <utility>

namespace cachekit::redis {

struct RespDecoder::Reader {
  enum class State : std::uint8_t { between, inside, complete, malformed, lost };
  enum class Into : std::uint8_t { nothing, tree, string };
  using Step = ReplyScanner::Step;
  using Event = ReplyScanner::Event;

  explicit Reader(const ReplyLimits& the_limits) : limits(the_limits), scanner(the_limits) {}

  [[nodiscard]] bool broken() const noexcept {
    return state == State::malformed || state == State::lost;
  }

  void begin(Into keeper) noexcept {
    scanner.begin();
    state = State::inside;
    into = keeper;
    if (into == Into::tree) parser.begin();
  }

  // Begins a reply that is not simple.
  void begin() noexcept {
    const std::optional<StringHeader> header = string_header(waiting.view());
    if (!header || header->size < LongString::least || header->size > limits.bytes) {
      return begin(Into::tree);
    }
    begin(Into::string);
    static_cast<void>(scanner.scan(waiting.view().substr(0, header->bytes)));
    waiting.use(header->bytes);
    long_string.emplace(header->size);
  }

  // The rest of the reply goes nowhere.
  void drop(Dropped why) noexcept {
    scanner.drop(why);
    into = Into::nothing;
    long_string.reset();
    parser.drop();
  }

  // Takes of the bytes what belongs to the reply, and says how many that were.
  [[nodiscard]] std::size_t take(std::string_view bytes) noexcept {
    std::size_t used = 0;
    while (used < bytes.size() && state == State::inside) {
      const Step step = scanner.scan(bytes.substr(used));
      if (step.event == Event::malformed) state = State::malformed;
      if (step.event == Event::complete) state = State::complete;
      keep(bytes.substr(used, step.bytes), step);
      used += step.bytes;
    }
    return used;
  }

  void keep(std::string_view bytes, const Step& step) noexcept {
    if (into == Into::nothing || step.event == Event::malformed) return;
    if (const auto why = scanner.dropped()) return drop(*why);
    if (into == Into::string) return keep_string(bytes);
    keep_tree(bytes, step);
  }

  void keep_string(std::string_view bytes) noexcept {
    try {
      static_cast<void>(long_string->take(bytes));
    } catch (const std::bad_alloc&) {
      drop(Dropped::no_memory);
    }
  }

  void keep_tree(std::string_view bytes, const Step& step) noexcept {
    using Outcome = TreeParser::Outcome;
    Outcome outcome = Outcome::fine;
    if (step.whole > 0) outcome = parser.parse(bytes.substr(0, step.whole));
    if (outcome == Outcome::fine && step.whole < step.bytes) {
      outcome = parser.keep(bytes.substr(step.whole));
    }
    if (outcome == Outcome::fine && step.event == Event::descends) outcome = parser.descend();
    if (outcome == Outcome::fine && step.event == Event::ascends) {
      outcome = parser.ascend(scanner.layer());
    }
    if (outcome == Outcome::no_memory) return drop(Dropped::no_memory);
    const bool agreed = step.event != Event::complete || parser.complete();
    if (outcome == Outcome::malformed || !agreed) state = State::malformed;
  }

  // Requires: it is complete.
  [[nodiscard]] RedisReply give_out() noexcept {
    state = State::between;
    waiting_may_shrink();
    if (const auto why = scanner.dropped()) return dropped_reply(*why);
    if (into == Into::tree) return parser.result();
    RedisReply reply{.type = RedisReply::Type::string, .text = std::move(*long_string).text()};
    long_string.reset();
    return reply;
  }

  // The reply at the beginning of what waits, if it is a simple one. Where there is no memory for
  // it, it is to be skipped as others are.
  [[nodiscard]] std::optional<SimpleReply> next_simple() noexcept {
    try {
      return simple_reply(waiting.view());
    } catch (const std::bad_alloc&) {
      begin(Into::nothing);
      scanner.drop(Dropped::no_memory);
      return std::nullopt;
    }
  }

  // Between two replies nothing is kept that only a large one needed.
  void waiting_may_shrink() noexcept {
    if (waiting.empty()) waiting.trim();
  }

  const ReplyLimits limits;
  State state = State::between;
  Into into = Into::nothing;
  ReplyScanner scanner;
  TreeParser parser{};
  std::optional<LongString> long_string{};
  ByteQueue waiting{net::receive_bytes};  // Came, and belongs to replies that have not begun.
};

namespace {

// Also in few words, for want of memory.
tl::unexpected<Error> broken(bool bytes_lost) noexcept {
  if (bytes_lost) return fail(out_of_memory(Errc::unavailable));
  Error error{Errc::protocol, {}, {}, {}};
  try {
    error.message = "the reply is not in the protocol of Redis (a wrong length, or not RESP2)";
  } catch (const std::bad_alloc&) {
    error.message = "not RESP2";
  }
  return fail(std::move(error));
}

}  // namespace

RespDecoder::RespDecoder(const ReplyLimits& limits) : reader_(std::make_unique<Reader>(limits)) {}
RespDecoder::~RespDecoder() = default;

void RespDecoder::feed(std::string_view bytes) noexcept {
  Reader& own = *reader_;
  if (own.broken()) return;
  if (own.state == Reader::State::inside && own.waiting.empty()) {
    bytes.remove_prefix(own.take(bytes));
  }
  if (bytes.empty()) return;
  try {
    own.waiting.append(bytes);
  } catch (const std::exception&) {
    own.state = Reader::State::lost;
  }
}

Result<std::optional<RedisReply>> RespDecoder::next() noexcept {
  Reader& own = *reader_;
  if (own.state == Reader::State::between) {
    if (own.waiting.empty()) return std::nullopt;
    std::optional<SimpleReply> simple = own.next_simple();
    if (simple && simple->bytes <= own.limits.bytes) {
      own.waiting.use(simple->bytes);
      own.waiting_may_shrink();
      return Result<std::optional<RedisReply>>(tl::in_place, std::move(simple->reply));
    }
    if (own.state == Reader::State::between) own.begin();
  }
  if (own.state == Reader::State::inside) own.waiting.use(own.take(own.waiting.view()));
  if (own.state == Reader::State::complete) {
    return Result<std::optional<RedisReply>>(tl::in_place, own.give_out());
  }
  if (own.broken()) return broken(own.state == Reader::State::lost);
  return std::nullopt;
}

bool RespDecoder::idle() const noexcept {
  return reader_->state == Reader::State::between && reader_->waiting.empty();
}

}  // namespace cachekit::redis
