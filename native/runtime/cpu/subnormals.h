// Numbers too small for their exponent (under 2^-126 in fp32), which a processor multiplies a hundred times as slowly
// as others. Training makes them: a softmax over distant logits has probabilities of 1e-40.
#pragma once

namespace gatun {

/// While it lives, this thread and the threads that it starts take them as 0, in what they read and in what they
/// compute. The caller's own arithmetic is left as it was.
class WithoutSubnormals {
 public:
  WithoutSubnormals() : before_(__builtin_ia32_stmxcsr()) {
    constexpr unsigned read_as_zero = 1 << 6, flushed_to_zero = 1 << 15;
    __builtin_ia32_ldmxcsr(before_ | read_as_zero | flushed_to_zero);
  }
  ~WithoutSubnormals() { __builtin_ia32_ldmxcsr(before_); }
  WithoutSubnormals(const WithoutSubnormals&) = delete;
  WithoutSubnormals& operator=(const WithoutSubnormals&) = delete;

 private:
  unsigned before_;
};

}  // namespace gatun
