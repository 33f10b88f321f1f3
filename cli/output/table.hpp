#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace cachekit::cli {

/// Columns that line up, for people. Widths count UTF-8 characters, not bytes.
class Table {
 public:
  enum class Align { left, right };

  /// One alignment for each column.
  explicit Table(std::vector<Align> columns) : columns_(std::move(columns)) {}

  /// Control bytes in a cell, which could end the line, are shown as `printable` does.
  void row(std::vector<std::string> cells);
  /// All rows, each with its newline.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<Align> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace cachekit::cli
