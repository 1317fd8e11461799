package import Policy
package import Wire

/// Which page of a list is asked for.
package struct PageQuery: Hashable, Sendable {
    /// 1...`FieldLimits.maximumPage`.
    package let limit: Int
    /// The key of the last item seen; nil: from the start.
    package let cursor: String?

    package init(limit: Int = FieldLimits.standardPage, cursor: String? = nil) {
        self.limit = limit
        self.cursor = cursor
    }

    package init(_ fields: QueryFields) throws(Problem) {
        limit =
            try fields.integer("limit", in: 1...FieldLimits.maximumPage)
            ?? FieldLimits.standardPage
        cursor = try fields.text("cursor", maximum: FieldLimits.maximumCursorLength)
    }
}

extension TagRequest {
    /// The query fields of `DELETE /v1/devices/{device}/tags/{tag}`.
    package init(_ fields: QueryFields) throws(Problem) {
        self.init(reason: try fields.text("reason", maximum: FieldLimits.maximumReasonLength))
        try validate()
    }
}

/// Filters of `GET /v1/devices`; they only narrow.
package struct DeviceQuery: Hashable, Sendable {
    package let tag: Tag?
    package let site: String?
    package let state: DeviceRecord.State?

    package init(tag: Tag? = nil, site: String? = nil, state: DeviceRecord.State? = nil) {
        self.tag = tag
        self.site = site
        self.state = state
    }

    package init(_ fields: QueryFields) throws(Problem) {
        tag = try fields.value("tag", "must be \(Tag.shape)") { Tag($0) }
        site = try fields.text("site", maximum: FieldLimits.maximumNameLength)
        state = try fields.value("state", "must be free, cut_off or exempt") {
            DeviceRecord.State(rawValue: $0)
        }
    }
}

/// The question of `GET /v1/simulate`: a device, or a set of tags, at a site, or in a region, that
/// tries to reach a name or is just there, now or at another time.
package struct SimulateQuery: Hashable, Sendable {
    /// A device, or nil with `tags` given.
    package let device: String?
    package let tags: [Tag]
    /// A site, or nil with `region` given; both nil: where the device is.
    package let site: String?
    package let region: Region?
    /// Nil asks about presence: `entry=true` in the query string.
    package let to: DomainName?
    package let at: Timestamp?

    package init(
        device: String? = nil, tags: [Tag] = [], site: String? = nil, region: Region? = nil,
        to: DomainName?, at: Timestamp? = nil
    ) {
        self.device = device
        self.tags = tags
        self.site = site
        self.region = region
        self.to = to
        self.at = at
    }

    package init(_ fields: QueryFields) throws(Problem) {
        device = try fields.text("device", maximum: FieldLimits.maximumDeviceLength)
        if let device { try FieldLimits.checkDevice(device) }
        tags = try fields.values("tag", "must be \(Tag.shape)", maximum: FieldLimits.maximumTags) {
            Tag($0)
        }
        site = try fields.text("site", maximum: FieldLimits.maximumNameLength)
        region = try fields.value("region", "must be \(Region.shape)") { Region($0) }
        to = try fields.value("to", "must be a host name") { DomainName($0) }
        let isEntry = try fields.flag("entry") ?? false
        // Presence has to be asked for by its own word: a name forgotten is no other question.
        guard to != nil || isEntry else {
            throw .invalid("to", "is missing; entry=true asks about presence")
        }
        guard to == nil || !isEntry else {
            throw .invalid("entry", "give either a name or entry=true")
        }
        at = try fields.value("at", "must be \(Timestamp.shape)") { RFC3339.timestamp($0) }
        try checkCombination()
    }

    private func checkCombination() throws(Problem) {
        guard (device == nil) != tags.isEmpty else {
            throw .invalid("device", "give either a device or tags")
        }
        guard site == nil || region == nil else {
            throw .invalid("site", "give either a site or a region")
        }
        guard device != nil || site != nil || region != nil else {
            throw .invalid("site", "tags alone are nowhere: give a site or a region")
        }
    }
}

/// Which events are asked for: those after an id and not before a time, oldest first. With neither,
/// the newest `limit`, oldest of them first.
package struct EventQuery: Hashable, Sendable {
    package let after: Int64?
    package let since: Timestamp?
    /// 1...`FieldLimits.maximumPage`.
    package let limit: Int

    package init(after: Int64? = nil, since: Timestamp? = nil, limit: Int) {
        self.after = after
        self.since = since
        self.limit = limit
    }

    package init(_ fields: QueryFields) throws(Problem) {
        after = try fields.integer("after", in: 0...Int.max).map(Int64.init)
        since = try fields.value("since", "must be \(Timestamp.shape)") { RFC3339.timestamp($0) }
        limit =
            try fields.integer("limit", in: 1...FieldLimits.maximumPage)
            ?? FieldLimits.standardPage
    }
}
