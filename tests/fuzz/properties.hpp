#pragma once

#include "heap.hpp"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What must hold of every decoder, for every stream of bytes and however it is split:
///
/// - the same replies, and then an error or none, whole, in pieces and byte by byte;
/// - it is idle exactly when the last byte fed was the last byte of a reply, so none is lost;
/// - the bytes of a reply give that reply on their own, so none leaves a trace in the next;
/// - memory grows with what arrived, whatever was announced.

namespace cachekit::fuzz {

/// One step of a decoder.
struct Answer {
  enum class Kind { reply, more_needed, broken };
  Kind kind = Kind::more_needed;
  std::string text{};  ///< All of the reply or of the error that must not depend on the split.
};

/// All that was decoded from a stream.
struct Outcome {
  std::vector<std::string> replies{};
  std::vector<std::size_t> ends{};  ///< How many bytes had been fed when each reply was complete.
  std::string broken{};             ///< The error that ended it, if any.
};

/// Ends the process, as a crash that the fuzzer keeps the input of.
inline void require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", property);
  std::abort();
}

/// How far the heap may grow: a fixed part, and some bytes for each one that arrived.
struct MemoryBound {
  std::size_t fixed = std::size_t{16} << 10U;
  std::size_t per_byte = 1;
};

/// Feeds `stream`, cut at the given places. `Subject` has `feed`, `next` (an `Answer`) and `idle`.
template <typename Subject>
Outcome decode(Subject subject, std::string_view stream, std::span<const std::size_t> cuts,
               MemoryBound bound) {
  Outcome outcome;
  const std::size_t heap_before = heap_in_use();
  std::size_t fed = 0;
  for (std::size_t piece = 0; piece <= cuts.size(); ++piece) {
    const std::size_t end = piece < cuts.size() ? cuts[piece] : stream.size();
    subject.feed(stream.substr(fed, end - fed));
    fed = end;
    while (!subject.idle()) {
      Answer answer = subject.next();
      require(heap_in_use() <= heap_before + bound.fixed + bound.per_byte * fed,
              "memory grows with what arrived");
      if (answer.kind == Answer::Kind::more_needed) break;
      if (answer.kind == Answer::Kind::broken) {
        outcome.broken = "broken: " + std::move(answer.text);
        require(subject.next().kind != Answer::Kind::reply, "no reply follows an error");
        return outcome;
      }
      outcome.replies.push_back(std::move(answer.text));
      outcome.ends.push_back(fed);
    }
    const bool all_used = fed == (outcome.ends.empty() ? 0 : outcome.ends.back());
    require(!subject.idle() || all_used, "idle only when no byte is left over");
  }
  return outcome;
}

/// `make(n)` gives a fresh decoder whose next reply is number `n` of the stream.
template <typename Make>
void check_decoder(const Make& make, std::string_view stream, std::span<const std::size_t> cuts,
                   MemoryBound bound) {
  std::vector<std::size_t> everywhere;
  for (std::size_t i = 1; i < stream.size(); ++i) everywhere.push_back(i);
  const Outcome bytewise = decode(make(0), stream, everywhere, bound);
  const Outcome whole = decode(make(0), stream, {}, bound);
  const Outcome split = decode(make(0), stream, cuts, bound);
  for (const Outcome& other : {whole, split}) {
    require(other.replies == bytewise.replies, "the same replies at every split");
    require(other.broken == bytewise.broken, "the same error, or none, at every split");
  }
  std::size_t begin = 0;
  for (std::size_t i = 0; i < bytewise.ends.size(); ++i) {
    const std::string_view part = stream.substr(begin, bytewise.ends[i] - begin);
    begin = bytewise.ends[i];
    auto alone = make(i);
    alone.feed(part);
    const Answer answer = alone.next();
    require(answer.kind == Answer::Kind::reply && answer.text == bytewise.replies[i],
            "a reply depends on its own bytes alone");
    require(alone.idle(), "a reply uses up all of its bytes");
  }
}

}  // namespace cachekit::fuzz
