import Policy
import Settings
import Testing
import Wire

struct SettingsReaderTests {
    @Test func leastFileGivesTheDefaults() throws {
        let result = Fixtures.read(Fixtures.gateway, alone: true)
        #expect(result.problems == [])
        let settings = try #require(result.settings)
        #expect(settings.gatewayName == "gw-test")
        #expect(settings.mode == .monitor)
        #expect(settings.unknownSite == .allow)
        #expect(settings.inspection == .standard)
        #expect(settings.whileBlocked == WhileBlocked(dns: .gateway, also: []))
        #expect(settings.notice == NoticeSettings(isEnabled: true, port: 9741))
        #expect(settings.keepHistoryDays == 400)
        #expect(settings.sites.sites.isEmpty && settings.policies.isEmpty)
    }

    @Test func everyKeyOfTheGatewayFileArrives() throws {
        let text = """
            version: 1
            gateway: {name: gw-1, mode: enforce, uplinks: [wan0, wan1]}
            sites:
              - name: shop
                region: UA-43
                match:
                  interfaces: [lan0, lan0.20]
                  subnets: [10.20.0.0/16, "fd20::/64"]
            unknown_site: region:CU
            inspection: {tap: passive, when_down: closed, queue: 7, mark_mask: 0xf0}
            while_blocked:
              dns: none
              also: [203.0.113.7, "203.0.113.0/24:443", "[2001:db8::7]:443", 2001:db8::/32]
            notice: {enabled: false, port: 80}
            history: {keep: 30d}
            control: {admins: wheel, readers: _users}
            """
        let result = Fixtures.read(SettingsFile(path: "regionlock.yaml", text: text))
        #expect(result.problems == [])
        let settings = try #require(result.settings)
        #expect(settings.gatewayName == "gw-1" && settings.mode == .enforce)
        #expect(settings.uplinks.map(\.text) == ["wan0", "wan1"])
        let site = try #require(settings.sites.sites.first)
        #expect(site.name == "shop" && site.region?.code == "UA-43")
        #expect(site.interfaces.map(\.text) == ["lan0", "lan0.20"])
        #expect(site.subnets.map(\.description) == ["10.20.0.0/16", "fd20::/64"])
        #expect(site.source.description == "regionlock.yaml:4")
        #expect(site.regionSource.description == "regionlock.yaml:5")
        #expect(settings.unknownSite == .region(try #require(Region("CU"))))
        #expect(settings.inspection.tap == .passive && settings.inspection.whenDown == .closed)
        #expect(settings.inspection.queue == 7 && settings.inspection.markMask == 0xf0)
        #expect(settings.whileBlocked.dns == .none)
        #expect(
            settings.whileBlocked.also.map { "\($0.prefix) \($0.port.map(String.init) ?? "-")" }
                == ["203.0.113.7 -", "203.0.113.0/24 443", "2001:db8::7 443", "2001:db8::/32 -"])
        #expect(settings.notice == NoticeSettings(isEnabled: false, port: 80))
        #expect(settings.keepHistoryDays == 30)
        #expect(settings.control == ControlSettings(admins: "wheel", readers: "_users"))
    }

    @Test func norwayIsNotFalse() throws {
        let result = Fixtures.read(Fixtures.policy(regions: "deny_regions: [NO, SE]"))
        #expect(result.problems == [])
        guard case .deny(let regions) = try #require(result.settings?.policies.first).regions else {
            Issue.record("not a list of denied regions")
            return
        }
        #expect(regions.map(\.value.code) == ["NO", "SE"])
        #expect(regions.map(\.source.line) == [6, 6])
    }

    @Test func devicesOfBothKinds() throws {
        let text = """
            version: 1
            tag: phones
            match:
              - mac: 64-09-80-AA-BB-CC
              - oui_vendor: "*xiaomi*"
              - mac_kind: random
              - interface: lan0.20
              - vlan: 20
              - subnet: 10.20.0.0/24
              - wireguard_peer: jtq7M+tVMiSu+BMaYsD0kAPl/AZEF+IPc8NYcrB3mws=
            except: [{mac: 64:09:80:00:00:01}]
            """
        let known = """
            version: 1
            devices:
              - {mac: 12:34:56:10:20:30, label: bench-7, tags: [phones, bench]}
              - {address: 2001:db8::9, tags: [never-block]}
            """
        let result = Fixtures.read(
            SettingsFile(path: "devices.d/20-phones.yaml", text: text),
            SettingsFile(path: "devices.d/50-known.yaml", text: known))
        #expect(result.problems == [])
        let settings = try #require(result.settings)
        let rule = try #require(settings.tagRules.last)
        #expect(rule.tag.text == "phones")
        #expect(
            rule.match.map(\.value.description) == [
                "MAC 64:09:80:aa:bb:cc", "maker \"*xiaomi*\"", "random MAC", "interface lan0.20",
                "VLAN 20",
                "address in 10.20.0.0/24",
                "WireGuard peer jtq7M+tVMiSu+BMaYsD0kAPl/AZEF+IPc8NYcrB3mws=",
            ])
        #expect(rule.match.map(\.source.line) == [4, 5, 6, 7, 8, 9, 10])
        #expect(rule.except.map(\.value.description) == ["MAC 64:09:80:00:00:01"])
        #expect(settings.devices.map(\.label) == ["bench-7", nil])
        #expect(
            settings.devices.map(\.selector.description) == [
                "MAC 12:34:56:10:20:30", "address in 2001:db8::9",
            ])
        #expect(settings.devices[1].tags == [.neverBlock])
    }

    @Test func listsGiveOnlyConfirmedTriggers() throws {
        let names = { (result: SettingsResult) in
            result.settings?.policies.first?.endpoints.map(\.pattern.description)
        }
        #expect(
            names(Fixtures.read(Fixtures.policy())) == ["a.example.com and below", "b.example.com"])
        let activation =
            "{lists: [vendor/test], trigger_roles: [account], domains: ['*.x.example', y.example]}"
        let result = Fixtures.read(Fixtures.policy(activation: activation))
        #expect(names(result) == ["b.example.com", "*.x.example", "y.example"])
        let sources = result.settings?.policies.first?.endpoints.map(\.source.description)
        #expect(
            sources == [
                "catalogue.d/vendor/test.yaml:6", "policy.d/test.yaml:7", "policy.d/test.yaml:7",
            ])
    }

    @Test func policyWithEverything() throws {
        let more = """
            valid: {from: 2026-01-01, until: 2027-12-31}
            review_by: 2027-06-30
            basis: clause 14.2
            reason: because
            on_match: {action: cut_off, holds_at: gateway, kill_open_connections: true, for: 12h}
            contact: {name: Shop, phone: "+53 7", email: a@b.example, url: https://example.com/}
            tests:
              - {device: {tags: [xiaomi]}, region: CU, to: A.Example.com., expect: cut_off}
              - {device: {tags: []}, region: NO, to: x.a.example.com, expect: allow}
            """
        let result = Fixtures.read(Fixtures.policy(more: more))
        #expect(result.problems == [])
        let policy = try #require(result.settings?.policies.first)
        #expect(policy.validFrom?.description == "2026-01-01")
        #expect(policy.validUntil?.description == "2027-12-31")
        #expect(policy.reviewBy?.description == "2027-06-30")
        #expect(policy.basis == "clause 14.2" && policy.reason == "because")
        #expect(policy.term == .seconds(43_200))
        #expect(policy.contact.phone == "+53 7" && policy.contact.url == "https://example.com/")
        #expect(policy.source.description == "policy.d/test.yaml:2")
        #expect(policy.tags.map(\.source.line) == [5])
        #expect(result.tests.map(\.expect) == [.block, .allow])
        #expect(result.tests.map(\.to?.text) == ["a.example.com", "x.a.example.com"])
        #expect(result.tests.map(\.source.line) == [16, 17])
        let failure = result.tests[1].failure(got: .block, why: "it is in NO")
        let told = """
            policy.d/test.yaml:17:5: error: this test expects allow, and policy test says cut_off
               17 |   - {device: {tags: []}, region: NO, to: x.a.example.com, expect: allow}
                        ^
               it is in NO
            """
        #expect(failure.rendered() == told)
    }

    @Test func foldedMessageLosesItsLastNewline() {
        let result = Fixtures.read(
            SettingsFile(
                path: "policy.d/p.yaml",
                text: Fixtures.policy().text.replacing("Not here.", with: ">\n  Not\n  here.\n")))
        #expect(result.settings?.policies.first?.message == "Not here.")
    }

    @Test func problemsOfAllFilesComeInOneRun() {
        let result = Fixtures.read(
            SettingsFile(path: "regionlock.yaml", text: "version: 1\nsties: []\n"),
            SettingsFile(path: "devices.d/10-tags.yaml", text: "version: 1\ntag: A\nmatch: []\n"),
            SettingsFile(path: "policy.d/a.yaml", text: "version: [\n"),
            SettingsFile(path: "fleet/fleet.yaml", text: "version: 1\n"),
            SettingsFile(path: "catalogue.d/vendor/test.yaml", text: "version: 1\n"),
            Fixtures.policy("b"))
        #expect(result.settings == nil)
        let places = result.problems.map { "\($0.file):\($0.line)" }
        #expect(
            places == [
                "catalogue.d/vendor/test.yaml:0", "catalogue.d/vendor/test.yaml:0",
                "catalogue.d/vendor/test.yaml:0", "devices.d/10-tags.yaml:2",
                "devices.d/10-tags.yaml:3", "fleet/fleet.yaml:0", "policy.d/a.yaml:2",
                "policy.d/b.yaml:7", "regionlock.yaml:2",
            ])
    }

    @Test func filesOfOtherEditorsAreRead() {
        let text = "\u{feff}version: 1\r\ngateway:\r\n  mdoe: monitor\r\n"
        let result = Fixtures.read(SettingsFile(path: "regionlock.yaml", text: text))
        #expect(
            result.problems.map { $0.rendered() } == [
                """
                regionlock.yaml:3:3: error: unknown key "mdoe" in gateway. Did you mean "mode"?
                    3 |   mdoe: monitor
                          ^^^^
                """
            ])
    }

    @Test func missingGatewayFileIsAnError() {
        let result = Fixtures.read(alone: true)
        #expect(
            result.problems.map { $0.rendered() } == [
                "regionlock.yaml: error: there is no such file\n"
                    + "   The least it needs is: version: 1"
            ])
    }

    @Test func aSecondPolicyOfTheSameNameIsAnError() {
        let second = SettingsFile(path: "policy.d/z.yaml", text: Fixtures.policy().text)
        let result = Fixtures.read(Fixtures.policy(), second)
        #expect(result.settings == nil)
        #expect(
            result.problems.map(\.message) == [
                "there are two policies \"test\" (the other in policy.d/test.yaml:2)"
            ])
    }

    @Test func aDeviceInTwoFilesIsAnError() {
        let text = "version: 1\ndevices: [{mac: 02:00:00:00:00:07}]\n"
        let result = Fixtures.read(
            SettingsFile(path: "devices.d/a.yaml", text: text),
            SettingsFile(path: "devices.d/b.yaml", text: text))
        #expect(
            result.problems.map { "\($0.file) \($0.message)" } == [
                "devices.d/b.yaml this device is listed twice (also in devices.d/a.yaml:2)"
            ])
    }

    @Test func wholeUkraineNeedsNoWarningAboutItsParts() {
        let result = Fixtures.read(Fixtures.policy(regions: "deny_regions: [UA, UA-43]"))
        #expect(result.problems == [])
    }

    @Test func revisionFollowsTheTextOnly() {
        let first = Fixtures.read(Fixtures.policy())
        let same = Fixtures.read(Fixtures.policy())
        let other = Fixtures.read(Fixtures.policy(more: "# a remark"))
        #expect(first.settings?.revision.utf8.count == 16)
        #expect(first.settings?.revision == same.settings?.revision)
        #expect(first.settings?.revision != other.settings?.revision)
        // Fixed for good: operators compare revisions of different machines.
        let least = Fixtures.read(Fixtures.gateway, alone: true)
        #expect(least.settings?.revision == "bc069d1039a457d2")
    }

    @Test func problemsAreCounted() {
        #expect(Fixtures.read().counts == "no warnings, no errors")
        let result = Fixtures.read(
            Fixtures.policy(regions: "deny_regions: [UA-43, xx, yy]"))
        #expect(result.counts == "no warnings, 2 errors")
    }
}
