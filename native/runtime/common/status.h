// The error bridge: C++ bodies may throw, the C interface answers with a status and keeps the sentence per thread.
// Every door and every kernel's launch includes this, so it includes next to nothing.
#pragma once
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <type_traits>
#include <utility>

#include "gatun.h"

namespace gatun {

/// A part of a sentence: text or a number.
class Part {
 public:
  Part(const char* text) : kind_(Kind::text) { value_.text = text; }
  template <class String, class = decltype(std::declval<const String&>().c_str())> Part(const String& text)
      : Part(text.c_str()) {}
  Part(double number) : kind_(Kind::real) { value_.real = number; }
  template <class Integer, std::enable_if_t<std::is_integral_v<Integer> || std::is_enum_v<Integer>, int> = 0>
  Part(Integer number) : kind_(Kind::integer) {
    value_.integer = static_cast<int64_t>(number);
  }

  /// Writes itself, as snprintf does.
  int write(char* to, size_t room) const;

 private:
  enum class Kind { text, real, integer } kind_;
  union {
    const char* text;
    double real;
    int64_t integer;
  } value_;
};

/// Ends the exported function under way with `status`, and with these parts as its sentence.
[[noreturn]] void fail_with(gatun_status status, std::initializer_list<Part> parts);

template <class... Parts> [[noreturn]] void fail(gatun_status status, const Parts&... parts) {
  fail_with(status, {Part(parts)...});
}

template <class... Parts> void require(bool holds, const Parts&... parts) {
  if (!holds) fail(GATUN_INVALID, parts...);
}

/// Of the exception that is being handled: its status. The thread keeps its sentence.
gatun_status caught() noexcept;

/// Runs the body of an exported function. Nothing thrown inside crosses into the caller.
template <class Work> gatun_status guarded(const Work& work) noexcept {
  try {
    work();
    return GATUN_DONE;
  } catch (...) {
    return caught();
  }
}

}  // namespace gatun
