package dev.gatun.memory;

/// Bytes that another scope could still take, that exist, and that the device holds, in use or for
/// the next scope.
public record DeviceMemory(long freeBytes, long totalBytes, long heldBytes) {}
