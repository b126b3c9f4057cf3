package dev.gatun.scaling;

/// Something that makes an answer doubtful.
///
/// @param name for programs
/// @param text one sentence for people
public record Caution(String name, String text) {}
