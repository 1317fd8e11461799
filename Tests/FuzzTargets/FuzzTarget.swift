/// What is fuzzed: one decoder each. The bytes are whatever libFuzzer or a file of the corpus has.
///
/// A target ends the process when something does not hold, as a crash of the decoder would.
package enum FuzzTarget: String, CaseIterable, Sendable {
    case dns
    case answer
    case tls
    case http
    case quic
    case dhcp
    case dhcp6
    case leases
    case headers
    case stream
    case capture
    case settings
    case list
    case control
    case geoip

    package func run(_ input: Span<UInt8>) {
        switch self {
        case .dns: MessageTargets.dns(input)
        case .answer: AnswerTarget.run(input)
        case .tls: MessageTargets.tls(input)
        case .http: MessageTargets.http(input)
        case .quic: QUICTarget.run(input)
        case .dhcp: DHCPTarget.run(input)
        case .dhcp6: DHCPv6Target.run(input)
        case .leases: LeaseTarget.run(input)
        case .headers: PacketTargets.headers(input)
        case .stream: PacketTargets.stream(input)
        case .capture: CaptureTarget.run(input)
        case .settings: TextTargets.settings(input)
        case .list: TextTargets.list(input)
        case .control: TextTargets.control(input)
        case .geoip: RegionTarget.run(input)
        }
    }
}

/// Takes an input apart, so that one input can say several things. What is missing at its end is 0.
struct InputReader: ~Escapable {
    private let input: Span<UInt8>
    private var offset = 0

    @_lifetime(copy input)
    init(_ input: Span<UInt8>) { self.input = input }

    var isAtEnd: Bool { offset >= input.count }

    mutating func byte() -> UInt8 {
        guard offset < input.count else { return 0 }
        offset += 1
        return input[offset - 1]
    }

    mutating func uint16() -> Int { Int(byte()) << 8 | Int(byte()) }

    /// Where the next bytes stand in the input: so many, or as many as are left.
    mutating func range(_ count: Int) -> Range<Int> {
        let start = offset
        offset = min(offset + count, input.count)
        return start..<offset
    }

    mutating func rest() -> Range<Int> { range(input.count - offset) }
}
