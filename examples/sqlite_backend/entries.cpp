#include "entries.hpp"

#include <cachekit/driver_tools.hpp>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

namespace sqlite_cache {
namespace {

using cachekit::Ttl;
namespace operation = cachekit::operation;

constexpr const char* schema = R"(
  CREATE TABLE IF NOT EXISTS entries (
    key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL, expires_at INTEGER);
  CREATE INDEX IF NOT EXISTS entries_by_end ON entries (expires_at) WHERE expires_at IS NOT NULL;)";

std::int64_t now() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
}

std::optional<std::int64_t> end_of(Ttl ttl) {
  if (!ttl.expires()) return std::nullopt;
  return now() + ttl.duration().count();
}

}  // namespace

// An entry that has expired is never seen; of what changes one, only a store may do without it.
Entries::Entries(const std::string& file, cachekit::Deadline deadline)
    : connection_(file, deadline, schema),
      get_(connection_,
           "SELECT value FROM entries"
           " WHERE key = ?1 AND (expires_at IS NULL OR expires_at > ?2)"),
      get_end_(connection_,
               "SELECT expires_at FROM entries"
               " WHERE key = ?1 AND (expires_at IS NULL OR expires_at > ?2)"),
      set_(connection_,
           "INSERT INTO entries (key, value, expires_at) VALUES (?1, ?2, ?3)"
           " ON CONFLICT (key) DO UPDATE"
           " SET value = excluded.value, expires_at = excluded.expires_at"),
      set_if_absent_(connection_,
                     "INSERT INTO entries (key, value, expires_at) VALUES (?1, ?2, ?3)"
                     " ON CONFLICT (key) DO UPDATE"
                     " SET value = excluded.value, expires_at = excluded.expires_at"
                     " WHERE entries.expires_at <= ?4"),
      set_if_present_(connection_,
                      "UPDATE entries SET value = ?2, expires_at = ?3"
                      " WHERE key = ?1 AND (expires_at IS NULL OR expires_at > ?4)"),
      remove_(connection_,
              "DELETE FROM entries"
              " WHERE key = ?1 AND (expires_at IS NULL OR expires_at > ?2)"),
      touch_(connection_,
             "UPDATE entries SET expires_at = ?2"
             " WHERE key = ?1 AND (expires_at IS NULL OR expires_at > ?3)"),
      recount_(connection_, "UPDATE entries SET value = ?2 WHERE key = ?1"),
      page_(connection_,
            "SELECT key, expires_at FROM entries WHERE key > ?1 ORDER BY key LIMIT ?2"),
      sweep_(connection_,
             "DELETE FROM entries WHERE rowid IN"
             " (SELECT rowid FROM entries WHERE expires_at <= ?1 LIMIT 100)") {}

std::optional<std::string> Entries::answer(const operation::Get& get) {
  Rows rows = get_.rows(get.key, now());
  if (!rows.next()) return std::nullopt;
  return std::string(rows.bytes(0));
}

bool Entries::answer(const operation::Set& set) {
  if (set.discard) return answer(operation::Remove{set.key});
  switch (set.condition) {
    case cachekit::SetCondition::if_absent:
      return set_if_absent_.run(set.key, set.value, end_of(set.ttl), now()) > 0;
    case cachekit::SetCondition::if_present:
      return set_if_present_.run(set.key, set.value, end_of(set.ttl), now()) > 0;
    case cachekit::SetCondition::always:
      break;
  }
  return set_.run(set.key, set.value, end_of(set.ttl)) > 0;
}

bool Entries::answer(const operation::Remove& operation) {
  return remove_.run(operation.key, now()) > 0;
}

bool Entries::answer(const operation::Exists& exists) {
  return get_end_.rows(exists.key, now()).next();
}

std::optional<Ttl> Entries::answer(const operation::RemainingTtl& ttl) {
  const std::int64_t at = now();
  Rows rows = get_end_.rows(ttl.key, at);
  if (!rows.next()) return std::nullopt;
  const std::optional<std::int64_t> end = rows.number(0);
  return end ? Ttl(std::chrono::milliseconds(*end - at)) : Ttl::none();
}

bool Entries::answer(const operation::Touch& touch) {
  return touch_.run(touch.key, end_of(touch.ttl), now()) > 0;
}

cachekit::Result<std::int64_t> Entries::answer(const operation::Increment& increment) {
  const std::optional<std::string> stored = answer(operation::Get{increment.key});
  auto sum = cachekit::counter_sum(stored, increment.by);
  if (!sum) return sum;
  if (stored) {
    recount_.run(increment.key, std::to_string(*sum));
  } else {
    set_.run(increment.key, std::to_string(*sum), std::optional<std::int64_t>());
  }
  return sum;
}

// Nobody comes in between: it runs in a transaction that changes the table.
bool Entries::answer(const operation::CompareAndSet& one) {
  if (answer(operation::Get{one.key}) != one.expected) return false;
  if (one.discard) return answer(operation::Remove{one.key});
  return set_.run(one.key, one.value, end_of(one.ttl)) > 0;
}

// A cursor is the last key that was looked at; no key is empty, so that an empty one is before all.
cachekit::KeyPage Entries::answer(const operation::ScanPage& scan) {
  constexpr std::size_t most = 10'000;  // They are all kept while other callers wait.
  const std::size_t wanted = std::min(scan.page_size, most);
  cachekit::KeyPage page;
  std::string last;
  std::size_t seen = 0;
  const std::int64_t at = now();
  for (Rows rows = page_.rows(scan.cursor, static_cast<std::int64_t>(wanted)); rows.next();
       ++seen) {
    last = rows.bytes(0);
    const bool alive = rows.number(1).value_or(std::numeric_limits<std::int64_t>::max()) > at;
    if (alive && cachekit::glob_match(scan.pattern, last)) page.keys.push_back(last);
  }
  if (seen == wanted) page.next = std::move(last);
  return page;
}

void Entries::sweep() { sweep_.run(now()); }

void Entries::clear() { connection_.execute("DELETE FROM entries"); }

std::uint64_t Entries::count() { return number_of("SELECT count(*) FROM entries"); }

std::uint64_t Entries::bytes() {
  return number_of("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
}

std::uint64_t Entries::number_of(std::string_view sql) {
  const Statement statement(connection_, sql);
  Rows rows = statement.rows();
  rows.next();
  return static_cast<std::uint64_t>(rows.number(0).value_or(0));
}

}  // namespace sqlite_cache
