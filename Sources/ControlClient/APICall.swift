package import ControlAPI
import Policy
import Wire

/// One request to the daemon, and the type of what comes back.
package struct APICall<Reply: Decodable & Sendable>: Sendable {
    package let operation: Operation
    /// Path and query, encoded.
    package let target: String
    package let body: [UInt8]

    /// - Parameters:
    ///   - path: The path with its parameters filled in; nil when it has none.
    ///   - query: Fields with a value; the others are left out.
    package init(
        _ operation: Operation, path: String? = nil, query: [(name: String, value: String?)] = [],
        body: [UInt8] = []
    ) {
        self.operation = operation
        self.body = body
        let fields = query.compactMap { field in
            field.value.map { "\(field.name)=\(PercentCoding.encoded($0))" }
        }
        target =
            (path ?? operation.path) + (fields.isEmpty ? "" : "?" + fields.joined(separator: "&"))
    }
}

extension APICall {
    package static func status() -> APICall<Status> where Reply == Status { .init(.status) }

    package static func sites() -> APICall<Page<SiteRecord>> where Reply == Page<SiteRecord> {
        .init(.listSites)
    }

    package static func devices(_ query: DeviceQuery, cursor: String? = nil) -> Self
    where Reply == Page<DeviceRecord> {
        .init(
            .listDevices,
            query: [
                ("tag", query.tag?.text), ("site", query.site), ("state", query.state?.rawValue),
            ] + largestPage(cursor))
    }

    package static func blocks(cursor: String? = nil) -> Self where Reply == Page<BlockRecord> {
        .init(.listBlocks, query: largestPage(cursor))
    }

    package static func exemptions(cursor: String? = nil) -> Self
    where Reply == Page<ExemptionRecord> {
        .init(.listExemptions, query: largestPage(cursor))
    }

    package static func policies() -> Self where Reply == Page<PolicySummary> {
        .init(.listPolicies)
    }

    package static func policy(_ name: String) -> Self where Reply == PolicyDetail {
        .init(.showPolicy, path: Operation.showPolicy.path(name))
    }

    package static func explain(_ device: String) -> Self where Reply == Explanation {
        .init(.explain, path: Operation.explain.path(device))
    }

    package static func simulate(_ query: SimulateQuery) -> Self where Reply == DecisionRecord {
        let tags = query.tags.map { (name: "tag", value: Optional($0.text)) }
        return .init(
            .simulate,
            query: [("device", query.device)] + tags + [
                ("site", query.site), ("region", query.region?.code), ("to", query.to?.text),
                ("entry", query.to == nil ? "true" : nil), ("at", query.at?.description),
            ])
    }

    package static func mode() -> Self where Reply == ModeReply { .init(.mode) }

    package static func revisions() -> Self where Reply == Page<RevisionRecord> {
        .init(.listRevisions)
    }

    package static func ledger(_ query: LedgerQuery, cursor: String? = nil) -> Self
    where Reply == Page<LedgerRecord> {
        .init(
            .listLedger,
            query: [
                ("device", query.device), ("region", query.region?.code),
                ("since", query.since?.description),
            ] + largestPage(cursor))
    }

    package static func verifyLedger(noted digest: String? = nil) -> Self
    where Reply == LedgerCheck {
        .init(.verifyLedger, query: [("head", digest)])
    }

    package static func events(_ query: EventQuery) -> Self where Reply == Page<EventRecord> {
        .init(.events, query: fields(query) + [("limit", String(query.limit))])
    }

    /// The stream: its reply is no document, see `APIClient.follow`.
    static func eventStream(_ query: EventQuery) -> Self where Reply == EventRecord {
        .init(.events, query: fields(query) + [("follow", "true")])
    }

    private static func fields(_ query: EventQuery) -> [(name: String, value: String?)] {
        [("after", query.after.map { String($0) }), ("since", query.since?.description)]
    }

    private static func largestPage(_ cursor: String?) -> [(name: String, value: String?)] {
        [("limit", String(FieldLimits.maximumPage)), ("cursor", cursor)]
    }
}

// Changes.
extension APICall {
    package static func tag(_ device: String, _ tag: String, _ request: TagRequest) -> Self
    where Reply == TagReply {
        .init(
            .tag, path: Operation.tag.path(device, tag), body: JSONDocument.compact(request))
    }

    package static func untag(_ device: String, _ tag: String, reason: String?) -> Self
    where Reply == TagReply {
        .init(.untag, path: Operation.untag.path(device, tag), query: [("reason", reason)])
    }

    package static func block(_ request: BlockRequest) -> Self where Reply == BlockRecord {
        .init(.block, body: JSONDocument.compact(request))
    }

    package static func release(_ target: String, _ request: ReleaseRequest) -> Self
    where Reply == ReleaseReply {
        .init(
            .release, path: Operation.release.path(target), body: JSONDocument.compact(request))
    }

    package static func releaseAll(_ request: ReleaseAllRequest) -> Self
    where Reply == ReleaseAllReply {
        .init(.releaseAll, body: JSONDocument.compact(request))
    }

    package static func exempt(_ request: ExemptRequest) -> Self where Reply == ExemptReply {
        .init(.exempt, body: JSONDocument.compact(request))
    }

    package static func endExemption(_ id: String) -> Self where Reply == ExemptionRecord {
        .init(.endExemption, path: Operation.endExemption.path(id))
    }

    package static func setMode(_ request: ModeRequest) -> Self where Reply == ModeReply {
        .init(.setMode, body: JSONDocument.compact(request))
    }

    package static func removeAll(_ request: RemoveAllRequest) -> Self
    where Reply == RemoveAllReply {
        .init(.removeAll, body: JSONDocument.compact(request))
    }

    package static func reload(_ request: ReloadRequest) -> Self where Reply == ReloadReply {
        .init(.reload, body: JSONDocument.compact(request))
    }

    package static func confirmReload() -> Self where Reply == ConfirmReply {
        .init(.confirmReload)
    }

    package static func importLedger(_ request: LedgerImportRequest) -> Self
    where Reply == LedgerImportReply {
        .init(.importLedger, body: JSONDocument.compact(request))
    }
}
