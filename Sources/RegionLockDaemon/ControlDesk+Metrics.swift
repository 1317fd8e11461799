import ControlAPI

extension ControlDesk {
    func metrics() async throws(Problem) -> GatewayMetrics {
        var metrics = await gatekeeper.metrics(startedAt: startedAt)
        let loaded = settings.state
        metrics.settings.loadedAt = loaded.loadedAt
        metrics.settings.isLastReloadAccepted = loaded.isLastReloadAccepted
        metrics.geoip = await geoip.metrics
        let store = await recorder.state
        metrics.store.octets = store.octets
        metrics.store.waiting = store.waiting
        metrics.store.isWritable = store.trouble == nil
        return metrics
    }
}
