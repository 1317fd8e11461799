/// The number of a VLAN (IEEE 802.1Q, 9.6): 0 is no VLAN, and 4095 is kept back.
package struct VLANID: Hashable, Sendable, CustomStringConvertible {
    package static let range = 1...4_094

    package let number: UInt16

    package init?(_ number: some BinaryInteger) {
        guard let number = UInt16(exactly: number), Self.range.contains(Int(number)) else {
            return nil
        }
        self.number = number
    }

    package var description: String { "\(number)" }
}
