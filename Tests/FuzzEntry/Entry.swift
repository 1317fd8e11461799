import FuzzTargets
import Glibc

/// The target that the environment names.
private let target: FuzzTarget = {
    let name = unsafe getenv("REGIONLOCK_FUZZ").map { unsafe String(cString: $0) } ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
        perror("REGIONLOCK_FUZZ names no target")
        exit(64)
    }
    return target
}()

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe target.run(UnsafeBufferPointer(start: start, count: count).span)
    return 0
}
