#include "status.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <exception>
#include <new>

namespace gatun {
namespace {

thread_local char last_error[1024] = "";

/// What a failing call throws, its sentence being kept; it never leaves the library.
struct Failure {
  gatun_status status;
};

void remember(const char* why) { std::snprintf(last_error, sizeof last_error, "%s", why); }

}  // namespace

int Part::write(char* to, size_t room) const {
  if (kind_ == Kind::text) return std::snprintf(to, room, "%s", value_.text);
  if (kind_ == Kind::real) return std::snprintf(to, room, "%g", value_.real);
  return std::snprintf(to, room, "%" PRId64, value_.integer);
}

void fail_with(gatun_status status, std::initializer_list<Part> parts) {
  // Written aside: a part may be the last sentence itself.
  char sentence[sizeof last_error] = "";
  size_t at = 0;
  for (const auto& part : parts)
    at = std::min(at + static_cast<size_t>(part.write(sentence + at, sizeof sentence - at)), sizeof sentence - 1);
  remember(sentence);
  throw Failure{status};
}

gatun_status caught() noexcept {
  try {
    throw;
  } catch (const Failure& failure) {
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

const char* gatun_last_error(void) { return gatun::last_error; }
const char* gatun_header_hash(void) { return GATUN_HEADER_HASH; }
const char* gatun_backend_name(void) { return GATUN_BACKEND_NAME; }
