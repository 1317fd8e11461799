/// The bytes of one stream that wait for others, by their place in the stream.
///
/// Sequence numbers wrap at 2^32 (RFC 9293 section 3.4): places are differences, taken modulo 2^32
/// and read as signed. Bytes may come in any order, twice, or overlapping.
struct StreamBuffer {
    /// Where the bytes of a segment belong.
    enum Place: Hashable {
        /// All of them are known already.
        case known
        /// Nothing is kept and they are next: `from` of them are known. No need to keep them first.
        case next(from: Int)
        /// At this offset of `bytes`, which may be negative, after leaving out the first `from`.
        case at(Int, from: Int)
        /// Further from everything kept than a buffer may reach.
        case outOfWindow
    }

    /// Sequence number of `bytes[0]`.
    private(set) var base: UInt32
    /// How many bytes before `base` have been read, or skipped as the rest of a message. May reach
    /// beyond what has arrived: then the bytes to come are skipped.
    private(set) var past = 0
    private(set) var bytes: [UInt8] = []
    /// One bit for each byte that is there; empty as long as there is no gap.
    private var present: [UInt64] = []
    /// Segments that brought other bytes than the copy kept.
    private(set) var conflicts: UInt64 = 0
    /// Requests of HTTP have been read in this stream.
    var isHTTP = false
    /// The names that the message beginning here has already shown.
    var shown: (at: UInt32, names: Int) = (0, 0)

    /// A buffer for a stream whose first bytes seen have the number `sequence`.
    init(at sequence: UInt32) { base = sequence }

    /// Whether there is anything to remember: bytes, or some to skip.
    func isWorthKeeping(after sequence: UInt32) -> Bool {
        !bytes.isEmpty || Int32(bitPattern: base &- sequence) > 0
    }

    /// Allocated bytes.
    var footprint: Int { bytes.capacity + present.capacity * 8 }

    func place(of sequence: UInt32, count: Int, limit: Int) -> Place {
        let distance = Int(Int32(bitPattern: sequence &- base))
        if distance >= 0 {
            if distance == 0, bytes.isEmpty { return .next(from: 0) }
            return distance < limit ? .at(distance, from: 0) : .outOfWindow
        }
        if -distance <= past {
            let known = min(-distance, count)
            if known == count { return .known }
            return bytes.isEmpty ? .next(from: known) : .at(0, from: known)
        }
        let fits = !bytes.isEmpty && bytes.count - distance <= limit
        return fits ? .at(distance, from: 0) : .outOfWindow
    }

    /// Drops what has been read. `count` may go beyond the bytes kept.
    mutating func advance(by count: Int) {
        guard count > 0 else { return }
        if count >= bytes.count {
            // Memory goes back at once: what is left to remember may only be how much to skip.
            bytes = []
            present = []
        } else {
            bytes.removeFirst(count)
            shiftPresence(by: -count)
        }
        base &+= UInt32(truncatingIfNeeded: count)
        past = min(past + count, Self.maximumPast)
    }

    /// Places far behind `base` could be mistaken for places ahead of it.
    private static let maximumPast = 1 << 30

    /// Keeps a segment at `offset`, as `place` gave it. Of a byte that is there already the first
    /// copy stays, unless `replacing`. Returns the gapless run of bytes the segment now lies in,
    /// and whether a byte differed from the copy kept.
    mutating func insert(
        _ segment: Span<UInt8>, at offset: Int, replacing: Bool = false
    ) -> (run: Range<Int>, differs: Bool) {
        var offset = offset
        if offset < 0 {
            makeRoomBelow(-offset)
            offset = 0
        }
        let differs = fill(segment, at: offset, replacing: replacing)
        if differs { conflicts += 1 }
        return (run(around: offset..<offset + segment.count), differs)
    }

    /// Puts a segment in its place, which is not before `base`. Of a byte that is there already the
    /// first copy stays, unless `replacing`. True when a byte differed from the copy kept.
    mutating func fill(_ segment: Span<UInt8>, at offset: Int, replacing: Bool) -> Bool {
        let end = offset + segment.count
        let oldCount = bytes.count
        if offset == oldCount, present.isEmpty {
            // In order, as most segments are.
            reserve(end)
            bytes.append(addingCapacity: segment.count) { tail in
                for index in segment.indices { tail.append(segment[index]) }
            }
            return false
        }
        if offset > oldCount { noteGaps() }
        if end > oldCount {
            reserve(end)
            while bytes.count < end { bytes.append(0) }
            if !present.isEmpty { growPresence() }
        }
        var differs = false
        for index in segment.indices {
            let place = offset + index
            let isThere = present.isEmpty ? place < oldCount : isPresent(place)
            if !isThere || replacing {
                bytes[place] = segment[index]
            } else if bytes[place] != segment[index] {
                differs = true
            }
            if !present.isEmpty { present[place >> 6] |= 1 << UInt64(place & 63) }
        }
        return differs
    }

    /// How many bytes stand at the front without a gap.
    var frontCount: Int {
        for word in present.indices where present[word] != ~0 {
            return min(word << 6 + (~present[word]).trailingZeroBitCount, bytes.count)
        }
        return bytes.count
    }

    /// Makes room once for streams of up to `count` bytes, with gaps.
    mutating func reserveRoom(_ count: Int) {
        bytes.reserveCapacity(count)
        present.reserveCapacity((count + 63) >> 6)
    }

    /// Forgets everything but the room.
    mutating func clear() {
        bytes.removeAll(keepingCapacity: true)
        present.removeAll(keepingCapacity: true)
        (base, past, conflicts, shown) = (0, 0, 0, (0, 0))
    }

    /// A copy that has no more room than it needs.
    func compacted() -> StreamBuffer {
        var copy = StreamBuffer(at: base)
        (copy.past, copy.conflicts, copy.shown) = (past, conflicts, shown)
        copy.bytes.reserveCapacity(bytes.count)
        copy.bytes.append(contentsOf: bytes)
        copy.present.reserveCapacity(present.count)
        copy.present.append(contentsOf: present)
        return copy
    }

    /// Steps of 2 KiB hold the rest of most hellos; doubling would charge a flow for twice its use.
    private mutating func reserve(_ count: Int) {
        if bytes.capacity < count { bytes.reserveCapacity((count + 2_047) & ~2_047) }
    }

    private func isPresent(_ place: Int) -> Bool {
        present[place >> 6] & 1 << UInt64(place & 63) != 0
    }

    private func run(around range: Range<Int>) -> Range<Int> {
        guard !present.isEmpty else { return 0..<bytes.count }
        var start = range.lowerBound
        var end = range.upperBound
        while start > 0, isPresent(start - 1) { start -= 1 }
        while end < bytes.count, isPresent(end) { end += 1 }
        return start..<end
    }

    /// Begins to keep track of gaps; there was none so far.
    private mutating func noteGaps() {
        guard present.isEmpty else { return }
        present.reserveCapacity(bytes.count >> 6 + 1)
        for _ in 0..<bytes.count >> 6 { present.append(~0) }
        if bytes.count & 63 != 0 { present.append(1 << UInt64(bytes.count & 63) - 1) }
        // An empty buffer has no words to mark it as tracked.
        if present.isEmpty { present.append(0) }
    }

    private mutating func growPresence() {
        while present.count << 6 < bytes.count { present.append(0) }
    }

    /// Bytes from before all that is kept: the stream begins earlier than it seemed.
    private mutating func makeRoomBelow(_ count: Int) {
        noteGaps()
        reserve(bytes.count + count)
        bytes.insert(contentsOf: repeatElement(0, count: count), at: 0)
        shiftPresence(by: count)
        base &-= UInt32(truncatingIfNeeded: count)
        past = 0
    }

    /// Moves the marks along with the bytes, which have been moved already.
    private mutating func shiftPresence(by distance: Int) {
        guard !present.isEmpty else { return }
        let words = (bytes.count + 63) >> 6
        if distance > 0 {
            while present.count < words { present.append(0) }
            for word in (0..<words).reversed() {
                present[word] = self.word(startingAt: (word << 6) - distance)
            }
        } else {
            for word in 0..<words { present[word] = self.word(startingAt: (word << 6) - distance) }
            present.removeLast(present.count - words)
        }
    }

    /// Sixty-four marks from a place that may lie before the first or behind the last.
    private func word(startingAt place: Int) -> UInt64 {
        let index = place >> 6
        let shift = UInt64(place & 63)
        let low = present.indices.contains(index) ? present[index] >> shift : 0
        guard shift > 0, present.indices.contains(index + 1) else { return low }
        return low | present[index + 1] << (64 - shift)
    }
}
