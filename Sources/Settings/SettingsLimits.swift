/// How much the operator's files may hold. A file that grew past these was written by a mistake of
/// a program, and the daemon that reads it has 15 MB to live in.
package enum SettingsLimits {
    /// One file. Ten thousand devices with labels and tags fit in it.
    package static let fileBytes = 1 << 20
    /// All files together: a million devices of a hundred octets, in a hundred files.
    package static let totalBytes = 128 << 20
    /// Files of one configuration: a thousand policies, each a file, beside a million devices.
    package static let files = 2_048
    /// Directories below `catalogue.d`: `vendor/xiaomi` needs one.
    package static let directoryDepth = 4
    /// Lists and mappings inside each other; our deepest file needs six.
    package static let nesting = 16
    /// Values and keys in one file. The tree takes some 200 bytes for each.
    package static let nodes = 100_000
    /// Problems told about one file; past them a reader wants the first ones repaired.
    package static let problemsPerFile = 50

    /// Names of sites, policies and the gateway: they stand beside the block's id in nft comments,
    /// which end at 127 bytes.
    package static let nameLength = 40
    /// One-line texts: titles, labels, contacts.
    package static let lineLength = 200
    /// Messages, reasons and bases: one paragraph on a telephone and one journal field.
    package static let paragraphLength = 1_000

    package static let uplinks = 16
    package static let sites = 256
    package static let interfacesPerSite = 64
    package static let subnetsPerSite = 256
    /// Each is an element of a set that every packet of a cut device is looked up in.
    package static let alsoReachable = 64
    /// They are gone through one by one when a flow without a name goes to an endpoint's address.
    package static let sharedAddresses = 256
    package static let addressesPerResolver = 64
    /// DHCP servers of one gateway, for each of both families.
    package static let leaseFiles = 8
    package static let selectorsPerFile = 1_024
    package static let devicesPerFile = 10_000
    /// Interfaces of one device: Wi-Fi on two bands, a cable, a dock.
    package static let macsPerDevice = 8
    package static let tagsPerEntry = 16
    package static let regionsPerPolicy = 512
    package static let listsPerPolicy = 16
    package static let endpointsPerList = 1_024
    package static let testsPerPolicy = 256
    /// More exceptions than this are a tag.
    package static let exemptionsPerPolicy = 256
    /// Languages of one message; the notice page is one small file.
    package static let messageLanguages = 24
    /// MAC prefixes one maker's pattern may stand for: the largest maker has some 1,100; more means
    /// that the pattern fits everybody.
    package static let prefixesPerPattern = 4_096

    /// A list of activations: what one import takes (`FieldLimits.maximumActivations`).
    package static let activationsPerList = 10_000
    /// One line of such a list: four cells, the longest a source of 100 characters.
    package static let listLineBytes = 1_024
    /// Where an activation is known from, in Unicode scalars (`FieldLimits.maximumSourceLength`).
    package static let sourceLength = 100
}
