// The error bridge: C++ bodies may throw, the C interface answers with a status and keeps the sentence per thread.
#pragma once
#include <exception>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

#include "gatun.h"

namespace gatun {

/// What a failing call throws; it never leaves the library.
struct Failure : std::runtime_error {
  gatun_status status;
  Failure(gatun_status status, const std::string& why) : std::runtime_error(why), status(status) {}
};

void remember(const char* why) noexcept;

template <class... Parts> [[noreturn]] void fail(gatun_status status, const Parts&... parts) {
  std::ostringstream why;
  (why << ... << parts);
  throw Failure(status, why.str());
}

template <class... Parts> void require(bool holds, const Parts&... parts) {
  if (!holds) fail(GATUN_INVALID, parts...);
}

/// Runs the body of an exported function. Nothing thrown inside crosses into the caller.
template <class Work> gatun_status guarded(Work&& work) noexcept {
  try {
    std::forward<Work>(work)();
    return GATUN_DONE;
  } catch (const Failure& failure) {
    remember(failure.what());
    return failure.status;
  } catch (const std::bad_alloc&) {
    remember("the host has no memory left for the library's own tables");
    return GATUN_OUT_OF_MEMORY;
  } catch (const std::exception& defect) {
    remember(defect.what());
    return GATUN_INTERNAL;
  } catch (...) {
    remember("an unknown exception");
    return GATUN_INTERNAL;
  }
}

}  // namespace gatun
