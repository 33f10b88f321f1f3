#pragma once

#include "connection.hpp"

#include <cachekit/operation.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sqlite_cache {

/// The table of a cache: key, value, and when the entry ends in milliseconds since 1970, NULL for
/// never. That is wall-clock time, for the file outlives the process and the machine's uptime.
///
/// Threads: one at a time. Errors: `Failure`, of everything; what changes the table needs a
/// `Transaction`.
class Entries {
 public:
  /// Opens the file, and makes the table where there is none.
  Entries(const std::string& file, cachekit::Deadline deadline);

  [[nodiscard]] Connection& connection() noexcept { return connection_; }

  std::optional<std::string> answer(const cachekit::operation::Get& get);
  bool answer(const cachekit::operation::Set& set);
  bool answer(const cachekit::operation::Remove& operation);
  bool answer(const cachekit::operation::Exists& exists);
  std::optional<cachekit::Ttl> answer(const cachekit::operation::RemainingTtl& ttl);
  bool answer(const cachekit::operation::Touch& touch);
  /// Errors of its own: `rejected`.
  cachekit::Result<std::int64_t> answer(const cachekit::operation::Increment& increment);
  bool answer(const cachekit::operation::CompareAndSet& one);
  cachekit::KeyPage answer(const cachekit::operation::ScanPage& scan);
  /// It has no leases.
  template <cachekit::operation::OfLeases Operation>
  cachekit::Result<typename Operation::Value> answer(const Operation&) {
    return cachekit::fail(cachekit::Errc::unsupported, "there are no leases in SQLite");
  }

  /// Removes some of what has expired, so that the table does not grow for ever. Cost: bounded.
  void sweep();
  void clear();
  /// How many there are, with those that have expired and wait to be swept. Cost: looks at them
  /// all.
  [[nodiscard]] std::uint64_t count();
  /// What the file takes.
  [[nodiscard]] std::uint64_t bytes();

 private:
  [[nodiscard]] std::uint64_t number_of(std::string_view sql);

  Connection connection_;
  Statement get_;
  Statement get_end_;
  Statement set_;
  Statement set_if_absent_;
  Statement set_if_present_;
  Statement remove_;
  Statement touch_;
  Statement recount_;
  Statement page_;
  Statement sweep_;
};

}  // namespace sqlite_cache
