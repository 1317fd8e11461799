import ControlAPI
import NIOCore
import Policy

/// What goes back: a document, or a stream of events.
enum Reply: Sendable {
    case document(status: Int, ByteBuffer)
    case metrics(GatewayMetrics)
    /// Events after this id; nil: from now on.
    case events(after: Int64?, since: EventQuery?)
}

/// Turns a request into a call of the backend and its answer into bytes.
struct Responder: Sendable {
    let backend: any ControlBackend

    func reply(to request: Request, from caller: Caller) async throws(Problem) -> Reply {
        guard caller.mayChange || !request.operation.isChange else { throw .changeNotAllowed }
        return request.operation.isChange
            ? try await change(request, caller) : try await look(request)
    }

    private func look(_ request: Request) async throws(Problem) -> Reply {
        let query = request.query
        switch request.operation {
        case .status: return try document(await backend.status())
        case .metrics: return .metrics(try await backend.metrics())
        case .listDevices:
            let devices = try await backend.devices(DeviceQuery(query))
            return try page(devices, PageQuery(query), by: \.id)
        case .explain: return try document(await backend.explain(device: device(request)))
        case .listSites: return try document(Page(items: await backend.sites()))
        case .simulate: return try document(await backend.simulate(SimulateQuery(query)))
        case .listBlocks: return try page(await backend.blocks(), PageQuery(query), by: \.id)
        case .listExemptions:
            return try page(await backend.exemptions(), PageQuery(query), by: \.id)
        case .listPolicies: return try document(Page(items: await backend.policies()))
        case .showPolicy:
            let name = request.parameters[0]
            try FieldLimits.checkName(name, field: "policy")
            return try document(await backend.policy(named: name))
        case .mode: return try document(await backend.mode())
        case .listRevisions: return try document(Page(items: await backend.revisions()))
        case .listLedger:
            return try document(
                await backend.ledger(LedgerQuery(query), PageQuery(query)))
        case .verifyLedger:
            return try document(await backend.verifyLedger(noted: query.digest("head")))
        case .events: return try await events(request)
        case .tag, .untag, .block, .release, .releaseAll, .exempt, .endExemption, .setMode,
            .removeAll, .reload, .confirmReload, .importLedger:
            throw .failed("\(request.operation.rawValue) is a change")
        }
    }

    private func change(_ request: Request, _ caller: Caller) async throws(Problem) -> Reply {
        switch request.operation {
        case .tag:
            return try document(
                await backend.tag(
                    device: device(request), tag: tag(request), body(request), by: caller))
        case .untag:
            return try document(
                await backend.untag(
                    device: device(request), tag: tag(request), TagRequest(request.query),
                    by: caller))
        case .block:
            return try document(await backend.block(body(request), by: caller), status: 201)
        case .release:
            return try document(
                await backend.release(device(request), body(request), by: caller))
        case .releaseAll:
            return try document(await backend.releaseAll(body(request), by: caller))
        case .exempt:
            return try document(await backend.exempt(body(request), by: caller), status: 201)
        case .endExemption:
            let id = request.parameters[0]
            try FieldLimits.checkName(id, field: "exemption")
            return try document(await backend.endExemption(id: id, by: caller))
        case .setMode: return try document(await backend.setMode(body(request), by: caller))
        case .removeAll: return try document(await backend.removeAll(body(request), by: caller))
        case .reload: return try document(await backend.reload(body(request), by: caller))
        case .confirmReload:
            guard request.body.readableBytes == 0 else { throw .invalid("body", "must be empty") }
            return try document(await backend.confirmReload(by: caller))
        case .importLedger:
            return try document(await backend.importLedger(body(request), by: caller))
        case .status, .listDevices, .explain, .listSites, .simulate, .listBlocks, .listExemptions,
            .listPolicies, .showPolicy, .mode, .listRevisions, .listLedger, .verifyLedger,
            .events, .metrics:
            throw .failed("\(request.operation.rawValue) is not a change")
        }
    }

    private func events(_ request: Request) async throws(Problem) -> Reply {
        let query = try EventQuery(request.query)
        guard try request.query.flag("follow") ?? false else {
            return try document(Page(items: await backend.events(query)))
        }
        let after = request.lastEventID ?? query.after
        return .events(after: after, since: after == nil && query.since != nil ? query : nil)
    }

    // MARK: Parts of requests and replies

    private func device(_ request: Request) throws(Problem) -> String {
        let text = request.parameters[0]
        try FieldLimits.checkDevice(text)
        return text
    }

    private func tag(_ request: Request) throws(Problem) -> Tag {
        guard let tag = Tag(request.parameters[1]) else {
            throw .invalid("tag", "must be \(Tag.shape)")
        }
        return tag
    }

    private func body<Body: RequestBody>(_ request: Request) throws(Problem) -> Body {
        try JSONText.body(Body.self, from: request.body)
    }

    private func document(
        _ value: some Encodable, status: Int = 200
    ) throws(Problem) -> Reply {
        do {
            return .document(status: status, try JSONText.bytes(value))
        } catch {
            throw .failed("encode the reply: \(error)")
        }
    }

    /// Cursors are keys, not positions, so that a list that changes between two pages loses no
    /// item that stays.
    private func page<Item: Codable & Hashable & Sendable>(
        _ items: [Item], _ query: PageQuery, by key: KeyPath<Item, String>
    ) throws(Problem) -> Reply {
        let sorted = items.sorted { $0[keyPath: key] < $1[keyPath: key] }
        let rest = sorted.drop { item in query.cursor.map { item[keyPath: key] <= $0 } ?? false }
        let page = Array(rest.prefix(query.limit))
        let next = rest.count > page.count ? page.last?[keyPath: key] : nil
        return try document(Page(items: page, next: next))
    }
}
