#pragma once

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <sqlite3.h>

namespace sqlite_cache {

/// What SQLite could not do. Thrown in here; no caller of the driver sees it.
struct Failure {
  cachekit::Error error;
};

/// An open database file. Threads: one at a time.
class Connection {
 public:
  /// Opens the file, or makes it, and runs the schema's statements. Errors: `Failure`.
  Connection(const std::string& file, cachekit::Deadline deadline, const char* schema);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Whatever waits or runs from now on gives up at the deadline.
  void give_up_at(cachekit::Deadline deadline) noexcept;
  /// Errors: `Failure`.
  void execute(const char* sql);
  /// Takes back what has not been committed, if SQLite itself has not yet.
  void roll_back() noexcept;
  /// How many rows the last statement has changed.
  [[nodiscard]] int changes() const noexcept { return sqlite3_changes(handle_.get()); }
  [[nodiscard]] sqlite3* handle() const noexcept { return handle_.get(); }
  /// The reason why a call has just given `code`.
  [[nodiscard]] Failure failure(int code) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close(handle); }
  };

  void switch_to_wal();

  std::string file_;
  cachekit::Deadline deadline_;  // Read by SQLite while it works.
  std::unique_ptr<sqlite3, Close> handle_{};
};

/// All of it or nothing: what has not been committed is taken back.
class Transaction {
 public:
  /// Errors: `Failure`.
  Transaction(Connection& connection, bool changes);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// Errors: `Failure`; an `outcome_unknown` where the file system failed half-way.
  void commit();

 private:
  Connection& connection_;
  bool changes_;
  bool committed_ = false;
};

/// What one run of a statement gives. Lifetime: the statement's, and what is bound stays until
/// then.
class Rows {
 public:
  template <typename... Values>
  Rows(const Connection& connection, sqlite3_stmt* statement, const Values&... values)
      : connection_(connection), statement_(statement) {
    [[maybe_unused]] int position = 0;
    (bind(++position, values), ...);
  }
  ~Rows();
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  /// Goes on to the next row; false when there is none. Errors: `Failure`.
  bool next();
  /// Bytes of the row, until the next one.
  [[nodiscard]] std::string_view bytes(int column) const noexcept;
  /// A number of the row, empty for NULL.
  [[nodiscard]] std::optional<std::int64_t> number(int column) const noexcept;

 private:
  void bind(int position, std::string_view bytes);
  void bind(int position, std::int64_t number);
  void bind(int position, const std::optional<std::int64_t>& number);
  void check(int code) const;

  const Connection& connection_;
  sqlite3_stmt* statement_;  // The Statement's.
};

/// A statement that is prepared once and run often, by one at a time.
class Statement {
 public:
  /// Errors: `Failure`.
  Statement(const Connection& connection, std::string_view sql);

  /// Runs it with these for ?1, ?2, ... Errors: `Failure`.
  template <typename... Values>
  [[nodiscard]] Rows rows(const Values&... values) const {
    return Rows(connection_, handle_.get(), values...);
  }
  /// The same for one that gives no rows: how many it has changed.
  template <typename... Values>
  int run(const Values&... values) const {
    rows(values...).next();
    return connection_.changes();
  }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const noexcept { sqlite3_finalize(handle); }
  };

  const Connection& connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_{};
};

}  // namespace sqlite_cache
