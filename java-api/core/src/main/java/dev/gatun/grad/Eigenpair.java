package dev.gatun.grad;

/// An approximate eigenvalue of a symmetric matrix A with its eigenvector.
///
/// @param value λ
/// @param vector x, of length 1; the record does not copy it
/// @param residual the length of A x - λ x. Some eigenvalue of A is no farther than this from λ
public record Eigenpair(double value, double[] vector, double residual) {}
