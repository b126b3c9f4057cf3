package dev.gatun.op;

/// An op of one's own: extend it with [#shapes], [#forward] and, to differentiate, [#pullback]
/// (another CustomOp) and [#reads]; for second order, both offer [#tangent]. It may call any kernel
/// with its frame's addresses. The laws of the test kit hold it to the same rules as the built-in
/// ops.
public abstract non-sealed class CustomOp implements Op {
  protected CustomOp() {}
}
