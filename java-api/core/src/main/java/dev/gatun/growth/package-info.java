/// Larger networks made of smaller ones without training. Each method is a
/// [dev.gatun.growth.Growth]; most are maps of what is a copy of what,
/// [dev.gatun.growth.Copies].
package dev.gatun.growth;
