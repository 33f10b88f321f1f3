#pragma once

#include "support/child_process.hpp"
#include "support/loopback.hpp"
#include "support/temp_dir.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::test {

/// A real server on a free loopback port, answering when the constructor returns, gone with this
/// object. Start it from a thread that lives as long as it should.
///
/// Errors: throws, which fails the test, when the program is missing or does not come up.
class LocalServer {
 public:
  virtual ~LocalServer() = default;
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  [[nodiscard]] std::string host() const { return "127.0.0.1"; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_->number(); }
  /// "127.0.0.1:PORT".
  [[nodiscard]] std::string endpoint() const;
  [[nodiscard]] const TempDir& folder() const noexcept { return folder_; }

  /// SIGSTOP: connections stay open and are even accepted, nothing answers.
  void stop() { process_->stop(); }
  void resume() { process_->resume(); }
  /// SIGKILL: from then on the port refuses connections.
  void kill() { process_->kill(); }
  /// Starts it anew, empty, on the same port.
  void restart();

 protected:
  struct Program {
    std::string name;  ///< Debian's package has the same name.
    std::string port_flag;
    std::string probe;  ///< What to send to get any answer.
  };

  explicit LocalServer(Program program);

  /// Requires: once, at the end of a derived constructor.
  void start(std::vector<std::string> arguments);

 private:
  [[nodiscard]] bool launch();
  [[nodiscard]] bool answers() const;
  [[nodiscard]] std::string log() const;

  Program program_;
  std::string path_;
  TempDir folder_;
  std::vector<std::string> arguments_;
  std::unique_ptr<ReservedPort> port_;
  std::unique_ptr<ChildProcess> process_;
};

struct RedisServerOptions {
  std::string password{};  ///< Of the default user.
  std::string acl_user{};  ///< A second user with all rights.
  std::string acl_password{};
  bool unix_socket = false;          ///< Also listen on `RedisServer::unix_socket()`.
  std::vector<std::string> extra{};  ///< As in redis.conf: {"--maxmemory", "8mb"}.
};

/// redis-server without persistence.
class RedisServer final : public LocalServer {
 public:
  explicit RedisServer(const RedisServerOptions& options = {});

  /// "redis://[user[:password]@]127.0.0.1:PORT".
  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::string unix_socket() const { return (folder() / "redis.sock").string(); }

 private:
  std::string credentials_;
};

struct MemcachedServerOptions {
  std::string item_size{};           ///< `-I`, such as "2m"; empty: the server's 1 MiB.
  int memory_mib = 64;               ///< `-m`.
  std::vector<std::string> extra{};  ///< Any other arguments.
};

class MemcachedServer final : public LocalServer {
 public:
  MemcachedServer() : MemcachedServer(MemcachedServerOptions{}) {}
  explicit MemcachedServer(const MemcachedServerOptions& options);

  /// "memcached://127.0.0.1:PORT".
  [[nodiscard]] std::string url() const { return "memcached://" + endpoint(); }
};

}  // namespace cachekit::test
