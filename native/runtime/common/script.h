// The calls of a recording as they were made: names and arguments, so that they can be written down.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "gatun.h"

namespace gatun {

/// The exported function that a body is reached through.
void name_body(const void* body, const char* exported);
const char* exported_name(const void* body);

/// Declared beside a body: from then on the body has a name.
struct NamedBody {
  NamedBody(const void* body, const char* exported) { name_body(body, exported); }
};

struct Argument {
  enum class Kind {
    address,
    table,
    input,  ///< an address of the host, or what stands for it in a recording
    whole,
    real
  } kind;
  union {
    const void* address;
    int64_t whole;
    double real;
  };

  explicit Argument(std::nullptr_t) : kind(Kind::address), address(nullptr) {}
  template <class T> explicit Argument(T argument) {
    if constexpr (std::is_pointer_v<T>) {
      kind = std::is_pointer_v<std::remove_pointer_t<T>> ? Kind::table : Kind::address;
      address = argument;
    } else if constexpr (std::is_floating_point_v<T>) {
      kind = Kind::real;
      real = argument;
    } else {
      kind = Kind::whole;
      whole = static_cast<int64_t>(argument);
    }
  }

  static Argument input(const void* address) {
    Argument argument(address);
    argument.kind = Kind::input;
    return argument;
  }
};

struct ScriptCall {
  const char* function;
  std::vector<Argument> arguments;  ///< behind the stream
};

/// A recording as a C program: step.c, and beside it buffers.bin, what the arrays hold that it did not open itself, and
/// images.bin, what it reads from the host.
void write_program(gatun_recording& recording, const std::string& folder);

}  // namespace gatun
