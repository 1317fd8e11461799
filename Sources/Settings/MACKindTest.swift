import Policy
import Wire

/// The test by who gave a device its MAC address.
enum MACKindTest {
    static let key = "mac_kind"

    static func selector(_ field: Field) -> DeviceSelector? {
        field.choice(MACKind.self).map {
            .macKind($0, assigned: field.file.context.vendors.assignedLocalBlocks)
        }
    }

    /// Nobody is spared for an address that anybody can make up, as all of them can be.
    static func check(_ tag: Tag, match: [SelectorTest], except: [SelectorTest]) {
        for test in match where tag == .neverBlock {
            guard case .macKind = test.selector.value else { continue }
            test.field.error(
                "never-block can't be given by mac_kind: any device can make up a MAC",
                hint: "Use mac, interface or subnet.")
        }
        for test in except {
            guard case .macKind(.random, _) = test.selector.value else { continue }
            test.field.warning(
                "an exception by mac_kind frees whoever makes up a MAC: any device can",
                hint: "Use mac where it matters.")
        }
    }
}

/// An entry of `match` or `except`, and what it says.
struct SelectorTest {
    let field: Field
    let selector: Located<DeviceSelector>

    init(_ field: Field, _ selector: Located<DeviceSelector>) {
        self.field = field
        self.selector = selector
    }
}
