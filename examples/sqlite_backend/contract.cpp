// The specification of CacheBackend, run over the example.

#include "sqlite_driver.hpp"
#include "support/temp_dir.hpp"

#include <cachekit/contract.hpp>

#include <chrono>

std::vector<cachekit::contract::Candidate> cachekit::contract::candidates() {
  static const test::TempDir folder;
  const sqlite_cache::SqliteConfig config{.file = folder / "cache.sqlite",
                                          .operation_timeout = std::chrono::seconds(30)};
  return {{.name = "sqlite",
           .make = [config] { return sqlite_cache::make_backend(config); },
           .shares_data = true}};
}
