#pragma once

// net/routing/: which node a request goes to, and where else when that one says so. What a key's
// node is and what a reply means is a router's, which a backend writes; how a request is sent
// again, waited for, or given up is the same for all of them (`Dispatcher`). It knows neither
// protocol nor connection: those are the channels', below it.

#include "core/internal.hpp"
#include "net/request.hpp"
#include "net/routing/node.hpp"

#include <cachekit/error.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace cachekit::net {

/// What becomes of a request, or of a command of a batch, once its node has answered or failed.
struct Verdict {
  enum class Action : std::uint8_t {
    deliver,   ///< The reply, or the error, is the caller's.
    redirect,  ///< It is to be asked of another node, at once.
    retry,     ///< It is to be asked once more, after a pause, of the node that owns the key then.
  };
  Action action = Action::deliver;
  NodeRef to{};                       ///< Of `redirect`: not null.
  bool prelude = false;               ///< Of `redirect`: as `Request::redirected` has it.
  std::chrono::microseconds pause{};  ///< Of `retry`.
  /// In the server's words, for whom it is not followed for; empty: he gets the reply itself.
  std::string reason{};

  [[nodiscard]] static Verdict deliver() { return {}; }
  [[nodiscard]] static Verdict redirect(NodeRef to, bool prelude, std::string reason) {
    return {Action::redirect, std::move(to), prelude, {}, std::move(reason)};
  }
  [[nodiscard]] static Verdict retry(std::chrono::microseconds pause, std::string reason = {}) {
    return {Action::retry, {}, false, pause, std::move(reason)};
  }
};

/// A request that was carried out, as far as that went.
struct Attempt {
  const Request& request;
  std::size_t command = 0;      ///< Which one of a batch.
  const Result<void>& outcome;  ///< An error only where nothing was done: `unavailable`.
  Node& node;                   ///< Which was asked.
  int retries = 0;              ///< How often it has been tried again after a pause.
};

/// Knows which node owns a key, and what a node's reply says about that: a ring, one server, the
/// slots of a cluster.
///
/// Threads: all members may be called from any thread at once; `judge` also from those that look
/// after connections, so it must be short and wait for nothing. It may change what `node_of` says.
class CACHEKIT_INTERNAL Router {
 public:
  Router() = default;
  virtual ~Router() = default;
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  /// The owner of a key, as far as is known; null where nobody is. Errors: never throws.
  [[nodiscard]] virtual NodeRef node_of(std::string_view key) noexcept = 0;
  /// The owner of all keys, where there is one for ever; else null.
  [[nodiscard]] virtual NodeRef sole_node() noexcept { return nullptr; }
  /// Why `node_of` was null.
  [[nodiscard]] virtual Error no_node(std::string_view key) const;
  /// Whether every reply is delivered: then nobody is asked what a reply means. (What `node_of`
  /// gives may be `borrowed` where the nodes outlive the requests.)
  [[nodiscard]] virtual bool fixed() const noexcept { return true; }
  /// What a refusal (`Request::refused`), or a node that could not be asked, means for the request.
  /// Only what was not carried out comes here, so to send it again is to send it once. Errors:
  /// throws `std::bad_alloc`.
  [[nodiscard]] virtual Verdict judge(const Attempt&) { return Verdict::deliver(); }
};

}  // namespace cachekit::net
