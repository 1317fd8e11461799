package import Wire

/// Body of `POST /v1/reload`; may be left out.
package struct ReloadRequest: RequestBody {
    /// Read and compare only; nothing changes.
    package let isDryRun: Bool?
    /// Take the settings back by itself unless they are confirmed within so long.
    package let confirmSeconds: Int?
    /// Instead of the files on disk: a kept revision, or how one begins.
    package let revision: String?

    package init(
        isDryRun: Bool? = nil, confirmSeconds: Int? = nil, revision: String? = nil
    ) {
        self.isDryRun = isDryRun
        self.confirmSeconds = confirmSeconds
        self.revision = revision
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case isDryRun = "dry_run"
        case confirmSeconds = "confirm_seconds"
        case revision
    }

    /// Long enough to type the confirmation, and short enough that nobody forgets it.
    package static let confirmLimits = 5...86_400

    package func validate() throws(Problem) {
        if let confirmSeconds {
            guard Self.confirmLimits.contains(confirmSeconds) else {
                throw .invalid(
                    "confirm_seconds",
                    "must be \(Self.confirmLimits.lowerBound) to \(Self.confirmLimits.upperBound)")
            }
            guard !(isDryRun ?? false) else {
                throw .invalid("confirm_seconds", "a dry run has nothing to confirm")
            }
        }
        guard let revision else { return }
        guard (4...16).contains(revision.utf8.count),
            revision.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) })
        else {
            throw .invalid(
                "revision", "must be 4 to 16 hexadecimal digits",
                hint: "regionlock revisions lists those that are kept")
        }
    }
}

/// What a reload did, or would do.
package struct ReloadReply: Codable, Hashable, Sendable {
    package let revision: String
    /// The revision before; with `confirm_by` the one that comes back.
    package let was: String
    package let policies: Int
    package let sites: Int
    package let milliseconds: Int
    package let isDryRun: Bool
    /// When they are taken back unless they are confirmed.
    package let confirmBy: Timestamp?
    /// In a dry run, and when they wait to be confirmed: counting takes time with many devices.
    package let impact: Impact?
    package let warnings: [Warning]

    package init(
        revision: String, was: String, policies: Int, sites: Int, milliseconds: Int,
        isDryRun: Bool, confirmBy: Timestamp? = nil, impact: Impact? = nil, warnings: [Warning]
    ) {
        self.revision = revision
        self.was = was
        self.policies = policies
        self.sites = sites
        self.milliseconds = milliseconds
        self.isDryRun = isDryRun
        self.confirmBy = confirmBy
        self.impact = impact
        self.warnings = warnings
    }

    package enum CodingKeys: String, CodingKey {
        case revision, was, policies, sites, milliseconds
        case isDryRun = "dry_run"
        case confirmBy = "confirm_by"
        case impact, warnings
    }
}

/// What `POST /v1/reload/confirm` settled.
package struct ConfirmReply: Codable, Hashable, Sendable {
    /// The revision that stays.
    package let revision: String
    /// False: nothing waited to be confirmed.
    package let isChanged: Bool

    package init(
        revision: String, isChanged: Bool
    ) {
        self.revision = revision
        self.isChanged = isChanged
    }

    package enum CodingKeys: String, CodingKey {
        case revision
        case isChanged = "changed"
    }
}

/// Settings that were in force and are kept.
package struct RevisionRecord: Codable, Hashable, Sendable {
    package let revision: String
    /// When they were last put in force.
    package let loadedAt: Timestamp
    package let isInForce: Bool

    package init(
        revision: String, loadedAt: Timestamp, isInForce: Bool
    ) {
        self.revision = revision
        self.loadedAt = loadedAt
        self.isInForce = isInForce
    }

    package enum CodingKeys: String, CodingKey {
        case revision
        case loadedAt = "loaded_at"
        case isInForce = "in_force"
    }
}
