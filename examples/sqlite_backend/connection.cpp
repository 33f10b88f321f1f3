#include "connection.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

namespace sqlite_cache {
namespace {

using cachekit::Errc;

struct Meaning {
  Errc code;
  const char* hint;
};

// What a result code of SQLite means to the caller of a cache. Whatever it is of, the transaction
// is taken back, so that nothing was changed.
Meaning meaning_of(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Errc::timeout, "another process holds the file; give the call a longer timeout"};
    case SQLITE_INTERRUPT:
      return {Errc::timeout, "give the call a longer timeout, or ask for less at a time"};
    case SQLITE_NOMEM:
      return {Errc::overloaded, "this process is out of memory"};
    case SQLITE_FULL:
      return {Errc::rejected, "make room on the disk, or clear the cache"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {Errc::rejected, "let this user write the file and its folder"};
    case SQLITE_TOOBIG:
      return {Errc::too_large, "store less under one key"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Errc::decode, "this is no sound database; remove the file to start over"};
    default:
      return {Errc::unavailable, "check that the folder exists and that the disk works"};
  }
}

int is_over(void* deadline) {
  return static_cast<cachekit::Deadline*>(deadline)->expired() ? 1 : 0;
}

}  // namespace

Connection::Connection(const std::string& file, cachekit::Deadline deadline, const char* schema)
    : file_(file), deadline_(deadline) {
  constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  sqlite3* handle = nullptr;  // One is given also where opening fails, to ask it for the reason.
  const int code = sqlite3_open_v2(file_.c_str(), &handle, flags, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) throw failure(code);
  give_up_at(deadline);
  switch_to_wal();
  execute("PRAGMA synchronous = NORMAL");  // A power cut costs the last entries, never the file.
  execute(schema);
}

// Then readers and a writer, of several processes, do not wait for each other. The switch itself,
// of a new file that others open too, does not wait for them.
void Connection::switch_to_wal() {
  constexpr const char* sql = "PRAGMA journal_mode = WAL";
  int code = sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr);
  while (code == SQLITE_BUSY && !deadline_.expired()) {
    sqlite3_sleep(1);
    code = sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr);
  }
  if (code != SQLITE_OK) throw failure(code);
}

void Connection::give_up_at(cachekit::Deadline deadline) noexcept {
  constexpr std::chrono::milliseconds longest(std::numeric_limits<int>::max());
  constexpr int steps_between_looks = 1000;  // Some tens of microseconds.
  deadline_ = deadline;
  sqlite3_busy_timeout(handle(), static_cast<int>(std::min(deadline.remaining(), longest).count()));
  sqlite3_progress_handler(handle(), steps_between_looks, is_over, &deadline_);
}

void Connection::execute(const char* sql) {
  const int code = sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw failure(code);
}

void Connection::roll_back() noexcept {
  sqlite3_progress_handler(handle(), 0, nullptr, nullptr);
  if (sqlite3_get_autocommit(handle()) != 0) return;
  sqlite3_exec(handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Failure Connection::failure(int code) const {
  const Meaning meaning = meaning_of(code);
  const char* const reason = handle() != nullptr ? sqlite3_errmsg(handle()) : sqlite3_errstr(code);
  return {{meaning.code, std::string("SQLite: ") + reason, file_, meaning.hint}};
}

Transaction::Transaction(Connection& connection, bool changes)
    : connection_(connection), changes_(changes) {
  // A transaction that turned from reading to writing could be refused without any waiting.
  connection_.execute(changes ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction() {
  if (!committed_) connection_.roll_back();
}

void Transaction::commit() try {
  connection_.execute("COMMIT");
  committed_ = true;
} catch (Failure& failure) {
  if (changes_ && failure.error.code == Errc::unavailable) {
    failure.error.code = Errc::outcome_unknown;
  }
  throw;
}

Rows::~Rows() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

bool Rows::next() {
  const int code = sqlite3_step(statement_);
  if (code != SQLITE_ROW && code != SQLITE_DONE) throw connection_.failure(code);
  return code == SQLITE_ROW;
}

std::string_view Rows::bytes(int column) const noexcept {
  const void* const data = sqlite3_column_blob(statement_, column);  // Null where there are none.
  const int size = sqlite3_column_bytes(statement_, column);
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

std::optional<std::int64_t> Rows::number(int column) const noexcept {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return sqlite3_column_int64(statement_, column);
}

void Rows::bind(int position, std::string_view bytes) {
  const char* const data = bytes.empty() ? "" : bytes.data();  // Null would be NULL.
  check(sqlite3_bind_blob64(statement_, position, data, bytes.size(), nullptr));
}

void Rows::bind(int position, std::int64_t number) {
  check(sqlite3_bind_int64(statement_, position, number));
}

void Rows::bind(int position, const std::optional<std::int64_t>& number) {
  if (number) bind(position, *number);  // Else it stays NULL, as after every run.
}

void Rows::check(int code) const {
  if (code != SQLITE_OK) throw connection_.failure(code);
}

Statement::Statement(const Connection& connection, std::string_view sql) : connection_(connection) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(connection.handle(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) throw connection.failure(code);
}

}  // namespace sqlite_cache
