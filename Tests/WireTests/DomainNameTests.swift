import Testing
import Wire

@Suite("Domain names")
struct DomainNameTests {
    private static let longLabel = String(repeating: "a", count: 63)

    @Test(
        "host-name text in one form",
        arguments: [
            ("Account.Xiaomi.COM", "account.xiaomi.com"), ("a.test.", "a.test"), ("a", "a"),
            ("_dns.a-b.test", "_dns.a-b.test"), ("xn--p1ai", "xn--p1ai"), ("1.2", "1.2"),
            ("", nil), (".", nil), ("a..b", nil), (".a", nil), ("a..", nil), ("a b", nil),
            ("a\\b", nil), ("*.a.test", nil), ("bücher.test", nil), ("\u{212a}.test", nil),
            ("a.test\u{0}", nil),
        ] as [(String, String?)])
    func text(text: String, canonical: String?) {
        #expect(DomainName(text)?.text == canonical)
    }

    @Test("RFC 1035 2.3.4: labels of 63 octets, names of 253")
    func lengths() {
        #expect(DomainName(Self.longLabel) != nil)
        #expect(DomainName(Self.longLabel + "a") == nil)
        let name = Array(repeating: Self.longLabel, count: 3).joined(separator: ".") + "."
        #expect(DomainName(name + String(repeating: "b", count: 61))?.text.utf8.count == 253)
        #expect(DomainName(name + String(repeating: "b", count: 62)) == nil)
    }

    @Test("labels stand in the order of the text")
    func labels() {
        #expect(DomainName("a.b.test")?.labels == ["a", "b", "test"])
    }
}

@Suite("Name buffer")
struct NameBufferTests {
    @Test("ASCII letters are lower-cased, nothing else is touched")
    func lowerCase() {
        let name = NameBuffer("AZaz@[`{09-_.")
        #expect(name.description == "azaz@[`{09-_.")
        #expect(name.count == 13)
        #expect(name[0] == UInt8(ascii: "a"))
    }

    @Test("what could disturb a terminal is escaped, the backslash doubled")
    func escapes() {
        var name = NameBuffer()
        for byte in [0x1b, 0x5c, 0x20, 0x7f, 0xff, 0x00, 0x0a, 0x41] as [UInt8] {
            name.append(byte)
        }
        #expect(name.description == "\\x1b\\\\\\x20\\x7f\\xff\\x00\\x0aa")
    }

    @Test("it takes 255 octets and says so when it is full")
    func capacity() {
        var name = NameBuffer()
        let taken = (0..<300).count { _ in name.append(0x61) }
        #expect(taken == NameBuffer.capacity)
        #expect(name.count == NameBuffer.capacity)
        #expect(name[254] == 0x61)
        #expect(NameBuffer(String(repeating: "x", count: 300)).count == 255)
        name.removeAll()
        #expect(name.count == 0)
    }

    @Test("one trailing dot goes, not two, and not the only thing that is there twice")
    func trailingDot() {
        for (text, expected) in [
            ("a.test.", "a.test"), ("a.test..", "a.test."), ("a", "a"), (".", ""), ("", ""),
        ] {
            var name = NameBuffer(text)
            name.removeTrailingDot()
            #expect(name.description == expected)
        }
    }
}
