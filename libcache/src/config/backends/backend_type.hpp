#pragma once

#include "config/url_draft.hpp"

#include <cachekit/config.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::config::backends {

/// A form of address that a backend takes.
struct UrlScheme {
  std::string_view name;
  std::string_view form;  ///< As messages show it: "redis://".
  /// Puts what the URL says into the draft. Errors: `invalid_argument`, naming the part.
  Result<void> (*apply)(UrlDraft& draft, const UrlParts& parts);
};

/// A backend as the configuration sees it: what is known of it before one is made, and what only it
/// can say of its settings. Whatever differs from backend to backend is asked for here.
struct BackendType {
  BackendFacts facts;
  std::span<const UrlScheme> schemes;
  /// The host of each server that the settings name, empty for a unix socket; none for a cache in
  /// the process. A list that cannot be understood has none either.
  std::vector<std::string> (*hosts)(const Settings& settings);
  /// Completes settings of which one is about to be made: reads what they name, hands down what
  /// all backends share, and checks what no option can check by itself. Errors: `invalid_argument`.
  Result<void> (*complete)(Settings& settings);
  std::unique_ptr<CacheBackend> (*make)(const Settings& settings);
  /// Adds what `check_best_practices` says of this backend alone; null: nothing.
  void (*advise)(const Settings& settings, std::vector<Finding>& found) = nullptr;
  /// And of one of its servers, which has told its figures; null: nothing.
  void (*advise_on_node)(const NodeStats& node, std::vector<Finding>& found) = nullptr;
};

}  // namespace cachekit::config::backends
