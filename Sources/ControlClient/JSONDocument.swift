import ControlAPI
import FoundationEssentials

/// The API's JSON, as sent and as `-o json` prints it.
package enum JSONDocument {
    /// One line, keys sorted. Our types hold nothing an encoder can refuse.
    package static func compact(_ value: some Encodable) -> [UInt8] {
        encode(value, [.sortedKeys, .withoutEscapingSlashes])
    }

    /// For `-o json`: indented, and safe on a terminal.
    package static func pretty(_ value: some Encodable) -> String {
        let bytes = encode(value, [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted])
        return Printable.escapedJSON(String(decoding: bytes, as: UTF8.self))
    }

    /// For `events -o json`: one object in one line, safe on a terminal.
    package static func line(_ value: some Encodable) -> String {
        Printable.escapedJSON(String(decoding: compact(value), as: UTF8.self))
    }

    /// - Throws: `.broken` for what is not of this type.
    package static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: some Sequence<UInt8>
    ) throws(ClientError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw .broken("the reply is not what this version understands: \(error)")
        }
    }

    private static func encode(
        _ value: some Encodable, _ formatting: JSONEncoder.OutputFormatting
    ) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = formatting
        do {
            return Array(try encoder.encode(value))
        } catch {
            preconditionFailure("the API's types always encode: \(error)")
        }
    }
}
