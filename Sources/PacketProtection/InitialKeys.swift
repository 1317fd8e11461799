import CNettle

/// The versions of QUIC whose Initial packets can be read.
package enum QUICVersion: UInt32, Hashable, Sendable, CaseIterable {
    /// RFC 9000.
    case one = 1
    /// RFC 9369.
    case two = 0x6b33_43cf
}

/// What opens the Initial packets of a client: everybody who sees its connection id can make these
/// keys (RFC 9001 section 5.2, RFC 9369 section 3.3).
package struct InitialKeys {
    private var keys = cnt_initial_keys()

    /// `connectionID` is the destination that the client chose, or that a Retry told it to take;
    /// at most 20 octets.
    package init(_ version: QUICVersion, connectionID: Span<UInt8>) {
        let result = unsafe connectionID.withUnsafeBufferPointer { octets in
            unsafe cnt_client_keys(version.rawValue, octets.baseAddress, octets.count, &keys)
        }
        precondition(result == 0, "CNettle knows every QUICVersion")
    }

    /// Opens one whole packet, whose packet number begins at `numberOffset`, and says where in
    /// `plain` its frames stand. `plain` is room that the caller keeps, as large as the packet.
    ///
    /// Nil when the packet is too short or its tag is not of these keys.
    package func open(
        _ packet: Span<UInt8>, numberOffset: Int, into plain: inout [UInt8]
    ) -> Range<Int>? {
        precondition(plain.count >= packet.count && numberOffset >= 0)
        var start = 0
        let count = unsafe plain.withUnsafeMutableBufferPointer { plain in
            unsafe packet.withUnsafeBufferPointer { packet in
                var keys = keys
                return unsafe cnt_open_initial(
                    &keys, packet.baseAddress, packet.count, numberOffset, plain.baseAddress,
                    &start)
            }
        }
        return count < 0 ? nil : start..<start + count
    }
}
