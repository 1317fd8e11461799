import Testing

extension KernelSuite {
    /// The other settings of the tap, and devices that are named at the prompt.
    @Suite(.serialized)
    struct TapTests {
        /// On a copy, the trigger itself has gone when the verdict falls; nothing else goes.
        @Test func passiveCutsBehindTheTrigger() throws {
            let gateway = try Gateway.up(Gateway.Options(tap: "passive"))
            let lab = gateway.lab
            #expect(try lab.reaches(.phone))
            try gateway.cutPhone()
            for family in Lab.Family.allCases {
                #expect(!(try lab.reaches(.phone, family)))
                #expect(try lab.reaches(.laptop, family))
            }
        }

        /// Closed: while nobody inspects, what would be inspected waits, of tagged devices only.
        @Test func closedHoldsTaggedDevicesWhileTheDaemonIsDown() throws {
            let gateway = try Gateway.up(Gateway.Options(whenDown: "closed"))
            let lab = gateway.lab
            #expect(try lab.reaches(.phone2))
            try gateway.crash()
            #expect(!(try lab.reaches(.phone2)), "a tagged device asks, and nobody looks")
            #expect(try lab.reaches(.laptop), "an untagged device is never held")
            let ping = try lab.run(.phone2, "ping", "-c", "1", "-W", "1", try lab.value("web_v4"))
            #expect(ping.status == 0, "what is never inspected is never held")
            try gateway.start()
            #expect(try lab.reaches(.phone2))
        }

        @Test func aTagGivenAtThePromptIsInForceAtOnce() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let laptop = try lab.value("laptop_mac")
            #expect(try lab.reaches(.laptop))
            try gateway.succeed("tag", laptop, "xiaomi", "--reason", "kernel test")
            let before = try gateway.lastEvent
            let resolver = try lab.value("resolver_v4")
            let dig = try lab.run(
                .laptop, "dig", "+tries=1", "+time=1", "@\(resolver)", Gateway.trigger)
            #expect(dig.status != 0)
            let event = try gateway.awaitEvent("block.created", after: before)
            #expect(event.device == laptop)
            try gateway.release(event.block)
            try gateway.succeed("untag", laptop, "xiaomi", "--reason", "kernel test")
            let again = try lab.run(
                .laptop, "dig", "+tries=1", "+time=1", "@\(resolver)", Gateway.trigger)
            #expect(again.status == 0)
            #expect(try lab.reaches(.laptop))
        }

        /// An operator may cut any device, tagged or not, and nobody else is cut with it.
        @Test func theOperatorCutsAnyDevice() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            #expect(try lab.reaches(.laptop, .v6))
            try gateway.succeed(
                "block", try lab.value("laptop_mac"), "--for", "12h", "--reason", "kernel test")
            for family in Lab.Family.allCases {
                #expect(!(try lab.reaches(.laptop, family)))
                #expect(try lab.reaches(.phone, family))
            }
            try gateway.release(try gateway.blocksInForce().first?.id)
            #expect(try lab.reaches(.laptop))
        }
    }
}
