#include "status.h"

#include <cstdio>

namespace {
thread_local char last_error[1024] = "";
}

namespace gatun {
void remember(const char* why) noexcept { std::snprintf(last_error, sizeof last_error, "%s", why); }
}  // namespace gatun

const char* gatun_last_error(void) { return last_error; }
const char* gatun_header_hash(void) { return GATUN_HEADER_HASH; }
const char* gatun_backend_name(void) { return GATUN_BACKEND_NAME; }
