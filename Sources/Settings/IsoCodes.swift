package import Policy

extension RegionTable {
    /// Where Debian's iso-codes keeps ISO 3166-2.
    package static let standardPath = "/usr/share/iso-codes/json/iso_3166-2.json"

    /// The file has 0.5 MB.
    private static let maximumFileBytes = 16 << 20

    /// The table with the parts of every country; the built-in one where the file is missing or
    /// not what it should be.
    package static func installed(path: String = standardPath) -> RegionTable {
        guard let file = try? FileSystem.read(path, limit: maximumFileBytes) else {
            return .builtIn
        }
        var reader = IsoCodesReader(file.bytes)
        guard let subdivisions = reader.subdivisions() else { return .builtIn }
        return RegionTable.builtIn.adding(subdivisions: subdivisions)
    }
}

/// Reads the one shape of JSON (RFC 8259) that iso-codes has: `{"3166-2": [{"code": "AD-02",
/// "name": "Canillo", "type": "Parish"}, ...]}`, all values strings.
struct IsoCodesReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Nil for any other shape.
    mutating func subdivisions() -> [(code: String, name: String)]? {
        guard take("{"), string() == "3166-2", take(":"), take("[") else { return nil }
        var found: [(code: String, name: String)] = []
        repeat {
            guard let row = row() else { return nil }
            found.append(row)
        } while take(",")
        return take("]") && take("}") ? found : nil
    }

    private mutating func row() -> (code: String, name: String)? {
        var code: String?
        var name: String?
        guard take("{") else { return nil }
        repeat {
            guard let key = string(), take(":"), let value = string() else { return nil }
            switch key {
            case "code": code = value
            case "name": name = value
            default: break
            }
        } while take(",")
        guard take("}"), let code, let name else { return nil }
        return (code, name)
    }

    /// Skips white space, then the character if it is the next.
    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) {
            position += 1
        }
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else {
            return false
        }
        position += 1
        return true
    }

    private mutating func string() -> String? {
        guard take("\"") else { return nil }
        var text: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let scalar = escape() else { return nil }
                text += Array(String(scalar).utf8)
            case 0..<0x20: return nil
            default: text.append(byte)
            }
        }
        return nil
    }

    /// The scalar after a backslash (RFC 8259 section 7).
    private mutating func escape() -> Unicode.Scalar? {
        guard position < bytes.count else { return nil }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return unicodeEscape()
        default: return nil
        }
    }

    private mutating func unicodeEscape() -> Unicode.Scalar? {
        guard let first = fourHexDigits() else { return nil }
        guard UTF16.isLeadSurrogate(first) else { return Unicode.Scalar(first) }
        guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        else { return nil }
        position += 2
        guard let second = fourHexDigits(), UTF16.isTrailSurrogate(second) else { return nil }
        return Unicode.Scalar(
            0x10000 + (UInt32(first) - 0xd800) << 10 + (UInt32(second) - 0xdc00))
    }

    private mutating func fourHexDigits() -> UInt16? {
        guard position + 4 <= bytes.count else { return nil }
        let digits = String(decoding: bytes[position..<position + 4], as: UTF8.self)
        position += 4
        return digits.hasPrefix("+") || digits.hasPrefix("-") ? nil : UInt16(digits, radix: 16)
    }
}
