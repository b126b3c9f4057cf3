/// The laws that every [dev.gatun.op.Op] obeys, as a test kit: describe an op of your own by an
/// [OpSample] and let [OpLaws#check] hold it to them. Faults are [AssertionError]s that name the
/// sample and its seed.
package dev.gatun.laws;
