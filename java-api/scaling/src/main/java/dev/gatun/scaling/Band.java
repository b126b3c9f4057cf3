package dev.gatun.scaling;

/// An interval.
public record Band(double low, double high) {}
