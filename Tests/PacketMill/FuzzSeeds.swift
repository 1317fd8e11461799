import InitialPackets

/// The first inputs of each fuzz target: what our own packets look like, as the target wants it.
package enum FuzzSeeds {
    private static let name = "account.xiaomi.com"
    private static let random = (0..<32).map { UInt8($0) }

    /// Target to file name to input.
    package static var all: [String: [String: [UInt8]]] {
        [
            "dns": dns, "answer": answer, "tls": tls, "http": http, "quic": quic,
            "dhcp": dhcp, "dhcp6": dhcp6, "leases": leases, "headers": headers,
            "stream": stream, "capture": capture,
            "settings": settings, "list": list, "control": control, "geoip": geoip,
        ]
    }

    private static func hello(_ keyShare: Int = 32, quic: Bool = false) -> [UInt8] {
        var hello = Messages.Hello(name, random: random)
        hello.keyShareLength = keyShare
        hello.isQUIC = quic
        return Messages.hello(hello)
    }

    private static var dns: [String: [UInt8]] {
        let question = Messages.question(name)
        var compressed = Messages.question("a.b")
        compressed.replaceSubrange(5..<6, with: [2])
        compressed += [1, 0x63, 0xc0, 12, 0, 28, 0, 1]
        return [
            "question": question, "https": Messages.question("www.example.com", type: 65),
            "framed": Messages.framed(question) + Messages.framed(question),
            "pointer": compressed,
            "answer": Messages.answer(name, id: 7, address: [203, 0, 113, 9]),
        ]
    }

    private static var answer: [String: [UInt8]] {
        let resolver = Endpoint(mac: [2, 0, 0, 0, 0, 1], address: [203, 0, 113, 53], port: 53)
        let phone = Endpoint(mac: [2, 0, 0, 0, 0, 2], address: [10, 20, 0, 31], port: 40_000)
        let address: [UInt8] = [203, 0, 113, 9]
        let direct = Messages.answer(name, id: 7, address: address)
        let alias = Messages.answer("www.example.org", by: name, address: address)
        func segment(_ message: [UInt8]) -> [UInt8] {
            Packets.segment(
                Messages.framed(message), from: resolver, to: phone, sequence: 9,
                acknowledgement: 1, flags: 24)
        }
        return [
            "direct": Packets.datagram(direct, from: resolver, to: phone),
            "alias": Packets.datagram(alias, from: resolver, to: phone),
            "stream": segment(direct), "stream-alias": segment(alias),
        ]
    }

    private static var tls: [String: [UInt8]] {
        let nameless = Messages.hello(Messages.Hello(nil, random: random))
        return [
            "hello": [0, 40] + Messages.records(hello()),
            "post-quantum": [2, 0] + Messages.records(hello(1_216)),
            "records": [0, 90] + Messages.records(hello(), size: 60),
            "nameless": [0, 3] + Messages.records(nameless),
        ]
    }

    private static var http: [String: [UInt8]] {
        let texts = [
            "get": "GET / HTTP/1.1\r\nHost: \(name)\r\n\r\n",
            "absolute": "GET http://\(name):80/x HTTP/1.1\r\nHost: other.example\r\n\r\n",
            "connect": "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: \(name):443\r\n\r\n",
            "post": "POST /a HTTP/1.1\r\nHost: \(name)\r\nContent-Length: 3\r\n\r\nabc"
                + "GET / HTTP/1.0\r\nhost:b.example\r\n\r\n",
            "chunked": "POST / HTTP/1.1\nTransfer-Encoding: chunked\nHost: \(name)\n\n0\n\n",
        ]
        return texts.mapValues { Array($0.utf8) }
    }

    private static var quic: [String: [UInt8]] {
        func datagrams(_ mode: UInt8, _ parts: [[UInt8]]) -> [UInt8] {
            [mode] + parts.flatMap { Octets.big16($0.count) + $0 }
        }
        let message = hello(quic: true)
        let whole = Initial.crypto(message, 0..<message.count)
        let pieces = Initial.frames(message, size: 90)
        let acknowledgement: [UInt8] = [2, 5, 0, 1, 0, 1, 1]
        let close: [UInt8] = [0x1c, 1, 6, 3, 1, 2, 3]
        return [
            "initial": datagrams(0, [Initial(whole).packet(paddedTo: 300)]),
            "version2": datagrams(
                0, [Initial(whole, version: Initial.version2).packet(paddedTo: 300)]),
            "coalesced": datagrams(
                0, [Initial(whole).earlyData(20) + Initial(whole).packet()]),
            "sealed": datagrams(1, [whole]),
            "sealed2": datagrams(5, [pieces.reversed().flatMap { [1, 0] + $0 }]),
            "split": datagrams(1, [pieces.suffix(2).flatMap(\.self), pieces.flatMap(\.self)]),
            "frames": [2] + acknowledgement + whole + close,
            "shuffled": [2] + pieces.reversed().flatMap(\.self),
        ]
    }

    private static let ends4 = (
        Endpoint(mac: [2, 0, 0, 0, 0, 7], address: [10, 20, 0, 31], port: 40_000),
        Endpoint(mac: [2, 0, 0, 0, 0, 1], address: [203, 0, 113, 2], port: 443)
    )
    private static let ends6 = (
        Endpoint(
            mac: [2, 0, 0, 0, 0, 7], address: [0xfd] + [UInt8](repeating: 0, count: 14) + [7],
            port: 40_000),
        Endpoint(
            mac: [2, 0, 0, 0, 0, 1], address: [0xfd] + [UInt8](repeating: 1, count: 15), port: 53)
    )

    private static var dhcp: [String: [UInt8]] {
        let mac: [UInt8] = [2, 0xaa, 0, 0, 0, 1]
        let request = DHCP.request(mac: mac)
        let packet = Packets.datagram(
            request,
            from: Endpoint(mac: mac, address: [0, 0, 0, 0], port: 68),
            to: Endpoint(mac: [2, 0, 0, 0, 0, 1], address: [255, 255, 255, 255], port: 67))
        let pieces = DHCP.message(
            mac: mac, serverName: DHCP.option(81, [4, 0, 0, 1, 0x61, 0]) + [255],
            file: DHCP.option(12, "-9") + [255],
            DHCP.option(53, [1]) + DHCP.option(52, [3]) + DHCP.option(12, "redmi"))
        let answer = DHCP.message(
            op: 2, mac: mac, yiaddr: [10, 20, 1, 5],
            DHCP.option(53, [5]) + DHCP.option(51, [0, 0, 2, 88])
                + DHCP.option(54, [10, 20, 0, 1]))
        return [
            "request": [0] + request, "packet": [1] + packet, "pieces": [0] + pieces,
            "answer": [0] + answer,
        ]
    }

    private static var leases: [String: [UInt8]] {
        let dnsmasq = """
            1795434382 04:cf:8c:11:22:99 10.77.0.81 Redmi-Note-9 00:de:ad:be:ef
            1795434000 02:aa:00:00:00:01 10.77.0.82 * *
            duid 00:01:00:01:31:a2:b3:c4:02:00:00:00:00:01
            1795434382 16909060 fd77::51 Redmi-Note-9 00:01:00:01:aa:bb

            """
        let kea4 = """
            address,hwaddr,client_id,valid_lifetime,expire,subnet_id,hostname,state
            10.0.0.1,02:aa:00:00:00:01,01:02,600,1795434382,1,a&#x2cb,0
            10.0.0.1,02:aa:00:00:00:01,,0,1795434382,1,,0

            """
        let kea6 = """
            address,duid,valid_lifetime,hostname,hwaddr,state
            2001:db8::51,00:03:00:01:02:aa,600,mi.lab.,02:aa:00:00:00:01,0

            """
        return [
            "dnsmasq": [0] + dnsmasq.utf8, "kea4": [255] + kea4.utf8, "kea6": [1] + kea6.utf8,
        ]
    }

    private static var headers: [String: [UInt8]] {
        let tcp = Packets.segment(
            [1, 2, 3], from: ends4.0, to: ends4.1, sequence: 7, acknowledgement: 9)
        let udp = Packets.datagram(Messages.question(name), from: ends6.0, to: ends6.1)
        let chain: [UInt8] = [60, 0, 1, 4, 0, 0, 0, 0, 44, 0, 1, 4, 0, 0, 0, 0]
        let fragment: [UInt8] = [17, 0, 0, 1, 0, 0, 0, 1]
        let extended = Packets.packet(
            chain + fragment + udp.dropFirst(40), number: 0, from: ends6.0, to: ends6.1)
        let tagged = Packets.frame(tcp, from: ends4.0, to: ends4.1, vlan: 20)
        return [
            "tcp4": [0] + tcp, "udp6": [0] + udp, "chain": [0] + extended, "vlan": [1] + tagged,
        ]
    }

    private static var stream: [String: [UInt8]] {
        func segments(_ dialect: UInt8, _ octets: [UInt8], _ cuts: [Int]) -> [UInt8] {
            let edges = [0] + cuts + [octets.count]
            let parts = zip(edges, edges.dropFirst()).map { start, end in
                Octets.big16(start) + [UInt8(end - start)] + octets[start..<end]
            }
            return [dialect] + parts.reversed().flatMap(\.self)
        }
        let records = Messages.records(hello())
        let request = Messages.request(name)
        let framed = Messages.framed(Messages.question(name))
        let named = [UInt8(name.utf8.count)] + Array(name.utf8)
        let password: [UInt8] = [1, 5] + Array("maria".utf8) + [4] + Array("word".utf8)
        return [
            "tls": segments(0, records, [5, 60, 61, 200]),
            "http": segments(1, request + request, [20, 120, 200]),
            "dns": segments(2, framed + framed, [1, 30, 70]),
            "socks5": segments(
                0, [5, 2, 0, 2] + password + [5, 1, 0, 3] + named + [1, 187] + records,
                [2, 4, 10, 17, 30, 60, 220]),
            "socks5-request": segments(
                0, [5, 1, 0, 3] + named + [1, 187] + request, [4, 12, 60]),
            "socks4a": segments(
                0, [4, 1, 1, 187, 0, 0, 0, 1, 0x61, 0] + named.dropFirst() + [0] + records,
                [3, 9, 20, 60, 220]),
            "starttls": segments(0, Array("EHLO a\r\nSTARTTLS\r\n".utf8) + records, [8, 18, 200]),
            "xmpp": segments(
                0,
                Array("<?xml version='1.0'?>\n<stream:stream to='a'>\n<starttls/>".utf8) + records,
                [3, 22, 60, 230]),
        ]
    }

    private static var capture: [String: [UInt8]] {
        let packet = Packets.datagram(Messages.question(name), from: ends6.0, to: ends6.1)
        var seeds: [String: [UInt8]] = [:]
        for form in CaptureFile.Form.allCases {
            var file = CaptureFile(form, link: .ethernet, interface: "lan0")
            file.add(packet, from: ends6.0, to: ends6.1, at: 1_795_392_000_000_000)
            if form == .pcapng {
                file.addInterface(.sll2, name: "lan1", resolution: 9)
                file.add(
                    CaptureFile.dressed(packet, .sll2, ends6.0, ends6.1), at: 5, interface: 1)
                file.addSimple(Packets.frame(packet, from: ends6.0, to: ends6.1))
                file.addForeign(type: 5, [1, 2, 3, 4, 5])
            }
            seeds[form.rawValue] = file.octets
        }
        for link in [CaptureFile.Link.sll, .sll2, .raw] {
            var file = CaptureFile(.pcap, link: link)
            file.add(packet, from: ends6.0, to: ends6.1, at: 1)
            seeds["link-\(link)"] = file.octets
        }
        return seeds
    }

    private static var settings: [String: [UInt8]] {
        let texts: [(String, UInt8, String)] = [
            (
                "gateway", 0,
                """
                version: 1
                gateway: {name: gw-1, mode: enforce, uplinks: [wan0]}
                sites:
                  - name: shop
                    region: CU
                    match: {interfaces: [lan0], subnets: [10.20.0.0/16, "2001:db8:20::/64"]}
                inspection: {tap: inline, when_down: open}

                """
            ),
            ("devices", 1, "version: 1\ntag: xiaomi\nmatch: [{interface: lan0}]\n"),
            (
                "policy", 2,
                """
                version: 1
                policy: test
                title: A policy
                mode: monitor
                applies_to: {tags: [xiaomi]}
                deny_regions: [CU, UA-43]
                activation: {domains: [account.xiaomi.com]}
                message: Not here.

                """
            ),
            (
                "catalogue", 3,
                """
                version: 1
                catalogue: vendor/test
                title: Test hosts
                endpoints:
                  - {name: a.example.com, match: suffix, role: account, confidence: high, source: s}

                """
            ),
        ]
        return Dictionary(uniqueKeysWithValues: texts.map { ($0, [$1] + Array($2.utf8)) })
    }

    /// Values of the MaxMind DB format: a map of two, its key and value, an array of one map.
    private static var geoip: [String: [UInt8]] {
        func text(_ text: String) -> [UInt8] { [0x40 | UInt8(text.utf8.count)] + Array(text.utf8) }
        let country = [0xe1] + text("iso_code") + text("UA")
        let part = [0xe1] + text("iso_code") + text("43")
        let record =
            [0xe2] + text("country") + country + text("subdivisions") + [0x01, 0x04] + part
        let pointed = [0xe1] + text("country") + [0x20, 0]
        let metadata =
            [0xab, 0xcd, 0xef] + Array("MaxMind.com".utf8) + [0xe2] + text("database_type")
            + text("GeoLite2-City") + text("build_epoch") + [0x04, 0x02, 0x6a, 0x05, 0, 0]
        return [
            "record": [0, 0] + record, "country": [0, 0, 0xe1] + text("country") + country,
            "pointer": [0, UInt8(country.count)] + country + pointed, "metadata": metadata,
        ]
    }

    private static var list: [String: [UInt8]] {
        let header = "device,region,activated_at,source\n"
        let texts = [
            "sold": header + "64:09:80:00:00:07,ES,2026-03-02,receipt 881\n",
            "twice": header + "SN-1,ES,2026-03-02,a\n64:09:80:00:00:07,ES,2026-03-01,b\n",
            "quoted": "\u{feff}source,activated_at,region,device\r\n\"a \"\"b\"\", c\","
                + "2026-03-02T10:00:00+01:00, UA-43 ,\"02:00:00:00:00:07\"\r\n",
            "wrong": header + "10.0.0.1,Cuba,then,\n01:00:00:00:00:00,KR-P,\"a\"b,c,d\n",
        ]
        return texts.mapValues { Array($0.utf8) }
    }

    private static var control: [String: [UInt8]] {
        let texts: [(String, UInt8, String)] = [
            ("tag", 0, #"{"reason":"returned"}"#),
            ("block", 1, #"{"device":"10.20.0.31","for":"12h","reason":"stolen"}"#),
            ("release", 2, #"{"reason":"sold","exempt_for":"30d"}"#),
            ("exempt", 3, #"{"device":"B-7","policy":"xiaomi","for":"ever","reason":"x"}"#),
            ("mode", 4, #"{"mode":"monitor","reason":"x"}"#),
            (
                "import", 7,
                #"{"activations":[{"device":"64:09:80:00:00:07","region":"ES","#
                    + #""activated_at":"2026-03-02","source":"a"}],"dry_run":true}"#
            ),
            ("unknown", 1, #"{"device":"a","foor":null,"reason":["x"]}"#),
        ]
        return Dictionary(uniqueKeysWithValues: texts.map { ($0, [$1] + Array($2.utf8)) })
    }
}
