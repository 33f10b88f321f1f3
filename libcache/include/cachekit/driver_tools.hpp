#pragma once

#include <cachekit/deadline.hpp>
#include <cachekit/driver.hpp>
#include <cachekit/error.hpp>
#include <cachekit/export.hpp>
#include <cachekit/operation.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

/// For those who write a `Driver`: what has to mean the same in every backend.
///
/// Threads: any.

namespace cachekit {

/// Whether a key matches the pattern of an `operation::ScanPage`: `*` any run, `?` one byte,
/// `[a-z]` a class, `[^x]` its opposite, `\` takes the next byte literally. Cost: no recursion; at
/// most pattern x key steps.
[[nodiscard]] CACHEKIT_API bool glob_match(std::string_view pattern, std::string_view key) noexcept;

/// What an `operation::Increment` by `by` makes of what is stored; a missing one counts from 0. It
/// is to be stored as `std::to_string` writes it. Errors: `rejected` for what is no counter (a
/// whole number of 64 bits without leading zeros, a plus sign or spaces), and for a sum beyond 64
/// bits.
[[nodiscard]] CACHEKIT_API Result<std::int64_t> counter_sum(std::optional<std::string_view> stored,
                                                            std::int64_t by);

/// Has the driver remove what was to be replaced by values of a batch that came out too large, but
/// for what a later one of it has stored; what could not be removed is told with the error of the
/// value. For a driver whose server keeps the older value. Where there is no memory for it nothing
/// is removed.
CACHEKIT_API void remove_outgrown(Driver& driver, const BatchOf<operation::Set>& batch,
                                  Deadline deadline);
/// The same: an entry is removed by an operation that discards, so that one which is not what was
/// expected stays.
CACHEKIT_API void remove_outgrown(Driver& driver, const BatchOf<operation::CompareAndSet>& batch,
                                  Deadline deadline);

}  // namespace cachekit
