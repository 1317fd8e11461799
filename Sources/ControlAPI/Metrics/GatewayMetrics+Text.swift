import Policy
import Wire

extension GatewayMetrics {
    /// The media type of `text`.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Prometheus' text exposition format, version 0.0.4.
    package var text: String { families.map(\.text).joined() }

    private var families: [MetricFamily] {
        gatewayFamilies + decisionFamilies + inspectionFamilies + readingFamilies + tableFamilies
            + settingsFamilies + storeFamilies + geoipFamilies
    }

    private var geoipFamilies: [MetricFamily] {
        func sample(_ truth: Bool?) -> [MetricSample] {
            truth.map { [MetricSample(.truth($0))] } ?? []
        }
        let built = geoip.builtAt.map { [MetricSample(.microseconds($0.microseconds))] }
        return [
            MetricFamily(
                "geoip_ok", .gauge, "1 when the GeoIP database is in use, fresh and sufficient.",
                sample(geoip.isWhole)),
            MetricFamily(
                "geoip_build_timestamp_seconds", .gauge, "When the GeoIP database was made.",
                built ?? []),
            MetricFamily(
                "geoip_records_refused_total", .counter,
                "Records of the GeoIP database that were damaged.", .count(geoip.recordsRefused)),
            MetricFamily(
                "region_mismatch", .gauge,
                "1 when the uplink's address is in none of the declared regions.",
                sample(geoip.isMismatch)),
        ]
    }

    private var gatewayFamilies: [MetricFamily] {
        let info = [(name: "version", value: ProductVersion.text), ("mode", mode.rawValue)]
        return [
            MetricFamily(
                "info", .gauge, "Version and mode of this gateway.",
                [MetricSample(.count(1), labels: info)]),
            MetricFamily(
                "uptime_seconds", .gauge, "Since the daemon started.",
                .microseconds(uptimeMicroseconds)),
            MetricFamily(
                "devices", .gauge, "Tagged devices and neighbours that are remembered.",
                .count(devices)),
        ]
    }

    private var decisionFamilies: [MetricFamily] {
        let cut = blocks.map { block in
            MetricSample(
                .count(block.count),
                labels: [
                    ("policy", block.policy ?? ""), ("site", block.site ?? ""),
                    ("region", block.region?.code ?? ""),
                ])
        }
        let tried = attempts.map { attempt in
            MetricSample(
                .count(attempt.count),
                labels: [
                    ("policy", attempt.policy ?? ""), ("site", attempt.site ?? ""),
                    ("vector", attempt.vector.rawValue), ("verdict", attempt.verdict),
                ])
        }
        return [
            MetricFamily("blocks", .gauge, "Devices cut off now.", Self.ordered(cut)),
            MetricFamily(
                "attempts_total", .counter, "Activation attempts, by what was decided on them.",
                Self.ordered(tried)),
            MetricFamily(
                "block_latency_seconds", .histogram,
                "From the arrival of the packet that gave a device away to its cut in the kernel.",
                latency.samples),
        ]
    }

    private static func ordered(_ samples: [MetricSample]) -> [MetricSample] {
        samples.map { ($0.text, $0) }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    private var inspectionFamilies: [MetricFamily] {
        let seen = Vector.allCases.filter { $0 != .settings }.map { vector in
            MetricSample(
                .count(inspection.sightings[vector] ?? UInt64(0)),
                labels: [("vector", vector.rawValue)])
        }
        let waiting = queue.waitingOctets.map { [MetricSample(.count($0))] } ?? []
        return [
            MetricFamily(
                "sightings_total", .counter, "Names read in packets of tagged devices.", seen),
            MetricFamily(
                "packets_inspected_total", .counter, "Packets looked into.",
                .count(inspection.packets)),
            MetricFamily(
                "packets_ignored_total", .counter,
                "Packets the kernel handed over of devices no policy speaks of.",
                .count(inspection.packetsIgnored)),
            MetricFamily(
                "packets_malformed_total", .counter,
                "Packets that break the protocol they claim.", .count(inspection.packetsMalformed)),
            MetricFamily(
                "queue_waiting_bytes", .gauge, "Memory of packets that wait to be looked into.",
                waiting),
            MetricFamily(
                "queue_dropped_total", .counter,
                "Packets the kernel could not hand over in time.", .count(queue.dropped)),
            MetricFamily(
                "inspection_flows", .gauge, "Flows whose hello is not yet whole.",
                .count(inspection.flowsKept)),
            MetricFamily(
                "inspection_kept_bytes", .gauge, "Kept of these flows.",
                .count(inspection.octetsKept)),
            MetricFamily(
                "inspection_flows_evicted_total", .counter,
                "Flows forgotten because a limit was reached.", .count(inspection.flowsEvicted)),
            MetricFamily(
                "inspection_flows_expired_total", .counter,
                "Flows forgotten because they were silent.", .count(inspection.flowsExpired)),
        ]
    }

    private var readingFamilies: [MetricFamily] {
        [
            MetricFamily(
                "answers_inspected_total", .counter, "DNS answers to tagged devices looked into.",
                .count(inspection.answers)),
            MetricFamily(
                "answers_refused_total", .counter,
                "Answers made into refusals, where encrypted DNS is closed.",
                .count(inspection.answersRefused)),
            MetricFamily(
                "hellos_without_name_total", .counter, "Hellos that name no server.",
                .count(inspection.hellosWithoutName)),
            MetricFamily(
                "hellos_with_ech_total", .counter,
                "Hellos with an Encrypted Client Hello, real or noise.",
                .count(inspection.hellosWithECH)),
            MetricFamily(
                "quic_versions_unknown_total", .counter,
                "Datagrams of a QUIC version that is not read.",
                .count(inspection.quicVersionsUnknown)),
        ]
    }

    private var tableFamilies: [MetricFamily] {
        let compared = tables.comparedAt.map { [MetricSample(.microseconds($0.microseconds))] }
        return [
            MetricFamily(
                "nft_drift", .gauge,
                "Differences between our nftables and what should be there, found at the last "
                    + "comparison.", .count(tables.drift)),
            MetricFamily(
                "nft_compared_timestamp_seconds", .gauge, "When they were last compared.",
                compared ?? []),
            MetricFamily(
                "nft_whole", .gauge, "1 when no repair of our nftables is outstanding.",
                .truth(tables.isWhole)),
            MetricFamily(
                "nft_repairs_total", .counter, "Times our nftables were put right.",
                .count(tables.repairs)),
            MetricFamily(
                "nft_foreign_touches_total", .counter,
                "Transactions of other programs on our nftables.", .count(tables.foreignTouches)),
        ]
    }

    private var settingsFamilies: [MetricFamily] {
        let ends = settings.validUntil.sorted { $0.key < $1.key }.map { policy, end in
            MetricSample(.microseconds(end.microseconds), labels: [("policy", policy)])
        }
        return [
            MetricFamily(
                "config_info", .gauge, "Revision of the settings in force.",
                [MetricSample(.count(1), labels: [("revision", settings.revision)])]),
            MetricFamily(
                "config_loaded_timestamp_seconds", .gauge,
                "When the settings in force were loaded.",
                .microseconds(settings.loadedAt.microseconds)),
            MetricFamily(
                "config_last_reload_ok", .gauge, "1 when the last reload was accepted.",
                .truth(settings.isLastReloadAccepted)),
            MetricFamily(
                "policy_valid_until_timestamp_seconds", .gauge, "End of a policy's validity.",
                ends),
        ]
    }

    private var storeFamilies: [MetricFamily] {
        [
            MetricFamily(
                "store_bytes", .gauge, "Size of the database and its log on disk.",
                .count(Int(store.octets))),
            MetricFamily(
                "store_waiting", .gauge, "Records that could not be written to the disk yet.",
                .count(store.waiting)),
            MetricFamily(
                "store_ok", .gauge, "1 when the last write to the disk succeeded.",
                .truth(store.isWritable)),
        ]
    }
}
