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

  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// All rows, each with its newline.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<Align> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace cachekit::cli
