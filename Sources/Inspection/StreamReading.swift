/// What a decoder made of the bytes where a message of its stream should begin.
enum StreamReading: Hashable {
    /// A message of this many bytes, which may be more than are there: the rest shows no name.
    case message(length: Int)
    /// A whole message of this many bytes, behind which another stream begins, as behind a request
    /// to a SOCKS proxy or for TLS. It stays where it is until that stream shows what it is: a few
    /// bytes in the middle of a hello that came in the wrong order look like one.
    case prelude(length: Int)
    /// Begins as a message; more bytes are needed. Names that are whole have been handed out.
    case incomplete
    /// Does not begin as a message: the middle of something, or another protocol.
    case foreign
    /// Begins as a message and breaks its protocol. The next one begins after `length` bytes, or
    /// nobody knows where when that is nil.
    case malformed(length: Int?)
    /// Nothing later in this stream can show a name. `named` is whether one was.
    case settled(named: Bool)
}
