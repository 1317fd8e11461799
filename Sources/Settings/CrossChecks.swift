import Policy
import Wire

/// What only shows when all files are seen together.
enum CrossChecks {
    /// - Parameter areDevicesWhole: False when a file of `devices.d` could not be read, so that a
    ///   tag may be given there.
    /// - Parameter areSitesWhole: False when `regionlock.yaml` has an error.
    static func run(
        policies: [PolicyDraft], settings: GatewaySettings, areDevicesWhole: Bool,
        areSitesWhole: Bool
    ) {
        refuseSameName(policies)
        if areSitesWhole {
            refuseUnknownSites(policies, sites: settings.sites.sites.map(\.name).sorted())
        }
        var given = Set(settings.tagRules.map(\.tag))
        for device in settings.devices { given.formUnion(device.tags) }
        for policy in policies {
            for (tag, field) in policy.tagFields where areDevicesWhole && !given.contains(tag) {
                field.warning(
                    "no file in devices.d gives the tag \(quoted(tag.text))"
                        + didYouMean(tag.text, among: given.map(\.text).sorted()),
                    hint: "A device can also get it from: regionlock tag")
            }
            warnOfHalfOfCrimea(policy)
        }
    }

    /// A policy held to a site that is none would hold nowhere, and say nothing.
    private static func refuseUnknownSites(_ policies: [PolicyDraft], sites: [String]) {
        for (site, field) in policies.flatMap(\.siteFields) where !sites.contains(site) {
            let known = sites.isEmpty ? "no sites" : "the sites \(sites.joined(separator: ", "))"
            field.error(
                "there is no site \(quoted(site))" + didYouMean(site, among: sites),
                hint: "regionlock.yaml has \(printable(known, limit: 200))")
        }
    }

    private static func refuseSameName(_ policies: [PolicyDraft]) {
        var firsts: [String: SourceLocation] = [:]
        for draft in policies {
            let name = draft.policy.name
            if let first = firsts[name] {
                draft.nameField.error(
                    "there are two policies \(quoted(name)) (the other in \(first))",
                    hint: "A file never replaces another's policy: rename one or remove one.")
            } else {
                firsts[name] = draft.policy.source
            }
        }
    }

    /// Sevastopol is not within UA-43: a list that means the peninsula needs both codes.
    private static func warnOfHalfOfCrimea(_ policy: PolicyDraft) {
        let codes = Set(policy.regionFields.map(\.region.code))
        guard !codes.contains("UA") else { return }
        for (code, name, other, otherName) in [
            ("UA-43", "Crimea", "UA-40", "Sevastopol"), ("UA-40", "Sevastopol", "UA-43", "Crimea"),
        ] where codes.contains(code) && !codes.contains(other) {
            policy.regionFields.first { $0.region.code == code }?.field.warning(
                "\(code) (\(name)) is listed without \(other) (\(otherName))",
                hint: "Neither is part of the other: add \(other) if the peninsula is meant.")
        }
    }
}
