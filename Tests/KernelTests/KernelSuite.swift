import Testing

/// Real packets of real clients through the real daemon. One at a time: they measure microseconds
/// on a machine that may have two cores.
@Suite(.serialized)
enum KernelSuite {}

/// A packet that passed the gateway just before the block may still be on the veth's backlog and be
/// stamped by the witness this much later.
let wireToleranceMicroseconds = 2000

/// Within this time every flow of a cut device has to end, and a released device has to be back.
let promptMicroseconds = 200_000
