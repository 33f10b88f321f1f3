#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cachekit::test {

/// What is wrong with a page of the Prometheus text format, one line each; empty for a good one.
///
/// The format (https://prometheus.io/docs/instrumenting/exposition_formats/) and what `promtool
/// check metrics` wants of names: every sample below its own HELP and TYPE, each of which comes
/// once; no series twice; labels quoted and escaped; `_total` on counters and on nothing else; base
/// units; histograms cumulative up to `+Inf`.
[[nodiscard]] std::vector<std::string> prometheus_problems(std::string_view page);

}  // namespace cachekit::test
