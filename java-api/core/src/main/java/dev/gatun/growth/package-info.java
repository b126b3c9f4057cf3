/// Larger networks made of smaller ones without training: each method is a
// [dev.gatun.growth.Growth],
/// and most are maps of what is copied where, [dev.gatun.growth.Copies].
package dev.gatun.growth;
