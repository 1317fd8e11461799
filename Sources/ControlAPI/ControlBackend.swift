package import Policy

/// What the daemon does for the API. Names of devices come as the person wrote them; finding the
/// device, or saying `ambiguous` or `device_not_found`, is the backend's.
///
/// A change is in force in the kernel and on disk when its call returns.
package protocol ControlBackend: Sendable {
    func status() async throws(Problem) -> Status
    func metrics() async throws(Problem) -> GatewayMetrics
    /// All that fit, in any order; the server sorts by id and cuts pages.
    func devices(_ query: DeviceQuery) async throws(Problem) -> [DeviceRecord]
    func sites() async throws(Problem) -> [SiteRecord]
    func tag(
        device: String, tag: Tag, _ request: TagRequest, by caller: Caller
    ) async throws(Problem) -> TagReply
    func untag(
        device: String, tag: Tag, _ request: TagRequest, by caller: Caller
    ) async throws(Problem) -> TagReply
    func explain(device: String) async throws(Problem) -> Explanation
    /// Changes nothing; the same evaluator as live traffic.
    func simulate(_ query: SimulateQuery) async throws(Problem) -> DecisionRecord

    /// Blocks in force.
    func blocks() async throws(Problem) -> [BlockRecord]
    func block(_ request: BlockRequest, by caller: Caller) async throws(Problem) -> BlockRecord
    /// `target` is a block's id, or names a device that is cut off.
    func release(
        _ target: String, _ request: ReleaseRequest, by caller: Caller
    ) async throws(Problem) -> ReleaseReply

    /// All that fit at once. None that fits is no error.
    func releaseAll(
        _ request: ReleaseAllRequest, by caller: Caller
    ) async throws(Problem) -> ReleaseAllReply

    /// Exemptions that have not ended.
    func exemptions() async throws(Problem) -> [ExemptionRecord]
    func exempt(_ request: ExemptRequest, by caller: Caller) async throws(Problem) -> ExemptReply
    func endExemption(id: String, by caller: Caller) async throws(Problem) -> ExemptionRecord

    func policies() async throws(Problem) -> [PolicySummary]
    func policy(named name: String) async throws(Problem) -> PolicyDetail

    func mode() async throws(Problem) -> ModeReply
    func setMode(_ request: ModeRequest, by caller: Caller) async throws(Problem) -> ModeReply
    /// No block, no table, mode monitor, until a mode is set or settings are read.
    func removeAll(
        _ request: RemoveAllRequest, by caller: Caller
    ) async throws(Problem) -> RemoveAllReply
    /// All or nothing: on `settings_not_valid` the running settings stay.
    func reload(_ request: ReloadRequest, by caller: Caller) async throws(Problem) -> ReloadReply
    func confirmReload(by caller: Caller) async throws(Problem) -> ConfirmReply
    /// Newest first.
    func revisions() async throws(Problem) -> [RevisionRecord]

    /// One page of the ledger of first activations, by number; the cursor is the last number.
    func ledger(
        _ query: LedgerQuery, _ page: PageQuery
    ) async throws(Problem) -> Page<LedgerRecord>
    /// Walks the ledger's chain, and looks for an entry whose digest somebody has noted.
    func verifyLedger(noted digest: String?) async throws(Problem) -> LedgerCheck
    /// Whole, or not at all.
    func importLedger(
        _ request: LedgerImportRequest, by caller: Caller
    ) async throws(Problem) -> LedgerImportReply

    /// From the store. `history_gone` (410) when events after the given id were trimmed.
    func events(_ query: EventQuery) async throws(Problem) -> [EventRecord]
    /// Events as they happen, each at most once, ids rising. The stream's buffer must be bounded
    /// and may drop: ids rise by one, so the server sees the gap and reads it from `events(_:)`.
    /// It ends when the daemon stops.
    func followEvents(after id: Int64) -> AsyncStream<EventRecord>
}
