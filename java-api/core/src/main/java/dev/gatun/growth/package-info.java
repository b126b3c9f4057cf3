/// Larger networks made of smaller ones. Each method is a [dev.gatun.growth.Growth]; most are maps
/// of what is a copy of what, [dev.gatun.growth.Copies]. Those of
/// [dev.gatun.growth.LigoOperator] hold any numbers, which can be trained.
package dev.gatun.growth;
