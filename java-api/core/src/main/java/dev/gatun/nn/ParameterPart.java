package dev.gatun.nn;

import dev.gatun.tensor.DType;
import java.lang.foreign.MemorySegment;

/// Parameters of one type that lie side by side, so that an optimizer moves them by one kernel.
///
/// @param weights `count` elements of `dtype`, those that decay first
/// @param master as many of the wide type, of which the weights are the rounding; null where there
///     are none
/// @param first where they begin in the arenas of gradients and of optimizers' state, in elements
/// @param decayed how many of them weight decay applies to
public record ParameterPart(
    MemorySegment weights,
    MemorySegment master,
    DType dtype,
    long first,
    long count,
    long decayed) {}
