import ControlAPI
import FoundationEssentials
import NIOCore

/// Between the API's types and bytes.
enum JSONText {
    static func bytes(_ value: some Encodable) throws -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return ByteBuffer(bytes: try encoder.encode(value))
    }

    /// An empty body is an empty object: it says nothing.
    static func body<Body: RequestBody>(
        _ type: Body.Type, from buffer: ByteBuffer
    ) throws(Problem) -> Body {
        let text = buffer.readableBytes == 0 ? Data("{}".utf8) : Data(buffer.readableBytesView)
        do {
            return try JSONDecoder().decode(StrictBody<Body>.self, from: text).body
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem(
                title: "The body is not valid", status: 400, code: .badRequest,
                detail: "the body is not a JSON object")
        }
    }
}
