#include "support/servers.hpp"

#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <utility>

#include <unistd.h>

namespace cachekit::test {
namespace {

using namespace std::chrono_literals;

constexpr auto start_budget = 20s;
constexpr int start_attempts = 5;

}  // namespace

LocalServer::LocalServer(Program program)
    : program_(std::move(program)), path_(find_program(program_.name, program_.name)) {}

std::string LocalServer::endpoint() const { return host() + ":" + std::to_string(port()); }

void LocalServer::start(std::vector<std::string> arguments) {
  arguments_ = std::move(arguments);
  for (int attempt = 0; attempt < start_attempts; ++attempt) {
    port_ = std::make_unique<ReservedPort>();
    if (launch()) return;
  }
  throw std::runtime_error(program_.name + " does not start; it said:\n" + log());
}

void LocalServer::restart() {
  kill();
  if (!launch()) throw std::runtime_error(program_.name + " does not restart:\n" + log());
}

// False when the server gave up, as it does when somebody else got hold of its port.
bool LocalServer::launch() {
  std::vector<std::string> command{path_, program_.port_flag, std::to_string(port())};
  command.insert(command.end(), arguments_.begin(), arguments_.end());
  process_ = std::make_unique<ChildProcess>(command, folder_ / "log");

  const auto give_up_at = std::chrono::steady_clock::now() + start_budget;
  while (process_->running()) {
    if (answers()) return true;
    if (std::chrono::steady_clock::now() > give_up_at) {
      throw std::runtime_error(program_.name + " does not answer; it said:\n" + log());
    }
    std::this_thread::sleep_for(2ms);
  }
  return false;
}

bool LocalServer::answers() const {
  const Descriptor socket = connect_to_loopback(port());
  return socket.open() && write_all(socket, program_.probe) && wait_readable(socket, 100ms) &&
         !read_some(socket).empty();
}

std::string LocalServer::log() const {
  std::ifstream file(folder_ / "log");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

RedisServer::RedisServer(const RedisServerOptions& options)
    : LocalServer({.name = "redis-server", .port_flag = "--port", .probe = "PING\r\n"}) {
  std::vector<std::string> arguments{"--bind",
                                     "127.0.0.1",
                                     "--save",
                                     "",
                                     "--appendonly",
                                     "no",
                                     "--daemonize",
                                     "no",
                                     "--dir",
                                     folder().path().string(),
                                     "--protected-mode",
                                     "no"};
  const auto add = [&](std::initializer_list<std::string> more) {
    arguments.insert(arguments.end(), more);
  };
  if (options.unix_socket) add({"--unixsocket", unix_socket()});
  if (!options.password.empty()) {
    add({"--requirepass", options.password});
    credentials_ = ":" + options.password + "@";
  }
  if (!options.acl_user.empty()) {
    add({"--user", options.acl_user, "on", ">" + options.acl_password, "~*", "&*", "+@all"});
    credentials_ = options.acl_user + ":" + options.acl_password + "@";
  }
  arguments.insert(arguments.end(), options.extra.begin(), options.extra.end());
  start(std::move(arguments));
}

std::string RedisServer::url() const { return "redis://" + credentials_ + endpoint(); }

MemcachedServer::MemcachedServer(const MemcachedServerOptions& options)
    : LocalServer({.name = "memcached", .port_flag = "-p", .probe = "version\r\n"}) {
  std::vector<std::string> arguments{"-l", "127.0.0.1", "-U", "0",
                                     "-t", "2",         "-m", std::to_string(options.memory_mib)};
  if (::geteuid() == 0) arguments.insert(arguments.end(), {"-u", "root"});  // It refuses otherwise.
  if (!options.item_size.empty()) arguments.insert(arguments.end(), {"-I", options.item_size});
  arguments.insert(arguments.end(), options.extra.begin(), options.extra.end());
  start(std::move(arguments));
}

}  // namespace cachekit::test
