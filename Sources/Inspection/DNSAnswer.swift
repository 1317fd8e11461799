package import Wire

/// One thing a DNS answer says, beside the name it says it of.
package enum AnswerPiece: Hashable, Sendable {
    /// The question that is answered. `type` is its QTYPE (RFC 1035 section 3.2.3).
    case question(type: UInt16)
    /// The chain goes on under this name: a CNAME's target, or the TargetName of a service binding.
    case alias
    /// The end of the chain has this address, by an A or AAAA record or a hint of a binding.
    case address(IPAddress, timeToLiveSeconds: UInt32)
    /// An SVCB or HTTPS record; `hasECH` is whether it carries a key for Encrypted Client Hello.
    case service(hasECH: Bool)
}

/// What there was to read of an answer.
package enum AnswerReading: Hashable, Sendable {
    case read
    /// A query, another operation, or not DNS.
    case foreign
    /// It goes on in later packets; the pieces that are whole were shown.
    case incomplete
    case malformed
}

/// The answer section of DNS messages (RFC 1035 section 4.1).
///
/// Only the chain from the question's name is followed, in the order of the records (RFC 1034
/// section 4.3.2 has the aliases first): what else a message brings says nothing of the question.
/// Nothing is allocated.
enum DNSAnswer {
    /// Resolvers stop after some ten aliases; an address list of more than this is no answer.
    static let maximumRecords = 128
    static let maximumAliases = 16
    /// What one message may make the caller remember. More than any service puts into one answer.
    static let maximumAddresses = 128

    private typealias Fault = DNSQuestion.Fault

    static func read(
        _ message: Span<UInt8>, piece visit: (borrowing NameBuffer, AnswerPiece) -> Void
    ) -> AnswerReading {
        guard message.count >= DNSQuestion.headerLength else { return .incomplete }
        // QR is 1 in an answer, and OPCODE 0; nobody answers more than one question (RFC 9619).
        guard message[2] & 0xf8 == 0x80, message.uint16(at: 4) == 1 else { return .foreign }
        do throws(Fault) {
            var chain = Chain()
            var offset = try DNSQuestion.readName(
                message, at: DNSQuestion.headerLength, into: &chain.name)
            guard offset + 4 <= message.count else { throw .truncated }
            visit(chain.name, .question(type: message.uint16(at: offset)))
            offset += 4
            for _ in 0..<min(Int(message.uint16(at: 6)), maximumRecords) {
                offset = try readRecord(message, at: offset, &chain, visit)
            }
            return .read
        } catch {
            return error == .truncated ? .incomplete : .malformed
        }
    }

    /// Where the chain has led so far.
    private struct Chain {
        var name = NameBuffer()
        var aliases = 0
        var addresses = 0
    }

    /// RFC 1035 section 4.1.3. Returns where the next record begins.
    private static func readRecord(
        _ message: Span<UInt8>, at start: Int, _ chain: inout Chain,
        _ visit: (borrowing NameBuffer, AnswerPiece) -> Void
    ) throws(Fault) -> Int {
        var owner = NameBuffer()
        let fixed = try DNSQuestion.readName(message, at: start, into: &owner)
        guard fixed + 10 <= message.count else { throw .truncated }
        let data = fixed + 10..<fixed + 10 + Int(message.uint16(at: fixed + 8))
        guard data.upperBound <= message.count else { throw .truncated }
        // Class IN alone has addresses.
        guard message.uint16(at: fixed + 2) == 1, owner.isEqual(to: chain.name) else {
            return data.upperBound
        }
        let seconds = timeToLive(message.uint32(at: fixed + 4))
        switch message.uint16(at: fixed) {
        case 1:
            guard data.count == 4 else { throw .malformed }
            show(.v4(IPv4Address(value: message.uint32(at: data.lowerBound))))
        case 28:
            guard data.count == 16 else { throw .malformed }
            show(address6(message, at: data.lowerBound))
        case 5:
            var target = NameBuffer()
            let end = try DNSQuestion.readName(message, at: data.lowerBound, into: &target)
            guard end == data.upperBound else { throw .malformed }
            chain.aliases += 1
            guard chain.aliases <= maximumAliases else { throw .malformed }
            chain.name = target
            visit(target, .alias)
        case 64, 65: try readBinding(message, data, chain, visit, address: show)
        default: break
        }
        return data.upperBound

        func show(_ address: IPAddress) {
            chain.addresses += 1
            guard chain.addresses <= maximumAddresses else { return }
            visit(chain.name, .address(address, timeToLiveSeconds: seconds))
        }
    }

    /// RFC 2181 section 8: a number with its highest bit set counts as zero.
    private static func timeToLive(_ value: UInt32) -> UInt32 { value >> 31 == 0 ? value : 0 }

    private static func address6(_ message: Span<UInt8>, at offset: Int) -> IPAddress {
        .v6(IPv6Address(high: message.uint64(at: offset), low: message.uint64(at: offset + 8)))
    }

    /// SVCB and HTTPS (RFC 9460 sections 2.2 and 14.3.2, RFC 9848 for key 5).
    private static func readBinding(
        _ message: Span<UInt8>, _ data: Range<Int>, _ chain: Chain,
        _ visit: (borrowing NameBuffer, AnswerPiece) -> Void, address show: (IPAddress) -> Void
    ) throws(Fault) {
        var target = NameBuffer()
        guard data.count >= 3 else { throw .malformed }
        var offset = try DNSQuestion.readName(message, at: data.lowerBound + 2, into: &target)
        guard offset <= data.upperBound else { throw .malformed }
        // The root stands for the owner itself.
        if target.count > 0 { visit(target, .alias) }
        var hasECH = false
        while offset < data.upperBound {
            guard offset + 4 <= data.upperBound else { throw .malformed }
            let key = message.uint16(at: offset)
            let value = offset + 4..<offset + 4 + Int(message.uint16(at: offset + 2))
            guard value.upperBound <= data.upperBound else { throw .malformed }
            switch key {
            case 4:
                for place in stride(from: value.lowerBound, to: value.upperBound - 3, by: 4) {
                    show(.v4(IPv4Address(value: message.uint32(at: place))))
                }
            case 5: hasECH = true
            case 6:
                for place in stride(from: value.lowerBound, to: value.upperBound - 15, by: 16) {
                    show(address6(message, at: place))
                }
            default: break
            }
            offset = value.upperBound
        }
        visit(chain.name, .service(hasECH: hasECH))
    }
}

extension NameBuffer {
    /// Octet by octet; both are in lower case.
    fileprivate func isEqual(to other: borrowing NameBuffer) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where self[index] != other[index] { return false }
        return true
    }
}
