/// The benches that people run: `java -jar bench/target/benchmarks.jar`, or `./gatun bench` from a
/// checkout.
package dev.gatun.bench;
