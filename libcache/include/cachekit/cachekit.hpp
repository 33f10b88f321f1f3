#pragma once

/// Everything but the opt-in headers (`asio.hpp`, `json_codec.hpp`), for programs that rather name
/// one header.

#include <cachekit/backend.hpp>
#include <cachekit/config.hpp>
#include <cachekit/entity.hpp>
#include <cachekit/envelope.hpp>
#include <cachekit/executor.hpp>
#include <cachekit/expander.hpp>
#include <cachekit/memcached.hpp>
#include <cachekit/memory.hpp>
#include <cachekit/pending.hpp>
#include <cachekit/prometheus.hpp>
#include <cachekit/redis.hpp>
#include <cachekit/redis_subscriber.hpp>
#include <cachekit/redis_transaction.hpp>
#include <cachekit/version.hpp>
