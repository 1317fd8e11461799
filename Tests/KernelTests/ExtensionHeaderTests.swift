import Testing

extension KernelSuite {
    /// IPv6 extension headers stand between a packet's first header and what we look for.
    @Suite(.serialized)
    struct ExtensionHeaderTests {
        private static let kinds = [
            "hop", "destination", "hop,destination", "fragment", "hop,destination,fragment",
            "tcp,hop", "tcp,hop,destination",
        ]

        private func ask(_ name: String, behind headers: String, in lab: Lab) throws -> Output {
            try lab.run(
                .phone, Place.program("LabPeer"), "ask", "--to", try lab.value("resolver_v6"),
                "--name", name, "--headers", headers)
        }

        @Test func aTriggerBehindThemIsRefused() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            for headers in Self.kinds {
                let control = try ask("www.example.org", behind: headers, in: lab)
                try #require(control.status == 0, "\(headers): \(control.errors)")
                let before = try gateway.lastEvent
                let witness = try Witness(in: lab)
                let said = try ask(Gateway.trigger, behind: headers, in: lab)
                try witness.close()
                #expect(said.status != 0, "\(headers): answered")
                let wire = try witness.report(
                    sources: lab.phoneSources(), name: Gateway.trigger, from: 0, to: 0)
                #expect(wire.named == 0, "\(headers): the trigger left")
                let event = try gateway.awaitEvent("block.created", after: before)
                #expect(
                    event.vector == (headers.hasPrefix("tcp") ? "dns-tcp" : "dns"), "\(headers)")
                try gateway.release(event.block)
            }
        }

        /// The control: a daemon that knows the first header only lets each of them out. What comes
        /// in fragments conntrack has put together before anybody looks.
        @Test func aLookAtTheFirstHeaderIsCaught() throws {
            let gateway = try Gateway.up(Gateway.Options(program: "SourceOnlyDaemon"))
            let lab = gateway.lab
            let before = try gateway.lastEvent
            for headers in Self.kinds where headers != "fragment" {
                let witness = try Witness(in: lab)
                let said = try ask(Gateway.trigger, behind: headers, in: lab)
                try witness.close()
                #expect(said.status == 0, "\(headers): \(said.errors)")
                let wire = try witness.report(
                    sources: lab.phoneSources(), name: Gateway.trigger, from: 0, to: 0)
                #expect(wire.named ?? 0 > 0, "\(headers): nothing left")
            }
            let cuts = try gateway.events(after: before).filter { $0.type == "block.created" }
            #expect(cuts.isEmpty)
        }

        /// The control: nobody is cut, and every one of them arrives.
        @Test func withoutABlockTheyArrive() throws {
            let lab = try Lab()
            let witness = try Witness(in: lab)
            for headers in Self.kinds {
                let said = try ask("www.example.org", behind: headers, in: lab)
                #expect(said.status == 0, "\(headers): \(said.errors)")
            }
            try witness.close()
            let wire = try witness.report(sources: lab.phoneSources(), from: 0, to: 0)
            #expect(wire.after >= Self.kinds.count)
        }

        @Test func aCutPhoneSendsNothingBehindThem() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.cutByHand()
            let witness = try Witness(in: lab)
            for headers in Self.kinds {
                #expect(try ask("www.example.org", behind: headers, in: lab).status != 0)
            }
            #expect(try lab.reaches(.laptop, .v6))
            try witness.close()
            let wire = try witness.report(sources: lab.phoneSources(), from: 0, to: 0)
            #expect(wire.after == 0 && wire.packets > 0)
        }
    }
}
