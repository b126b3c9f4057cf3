/// Memory, streams and arrays shared with other libraries without a copy: pointers and
/// streams of JCuda ([dev.gatun.interop.JCudaPointers], [dev.gatun.interop.JCudaStreams]),
/// products by JCublas ([dev.gatun.interop.JCublasProduct]), and arrays of any library that
/// speaks DLPack ([dev.gatun.interop.DlPack]).
///
/// Addresses go in and out; device memory stays something that Java cannot read.
package dev.gatun.interop;
