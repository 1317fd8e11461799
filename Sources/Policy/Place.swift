import Wire

/// Where an attempt happens, as policies ask for it.
enum Place {
    /// Declared for the site, or for traffic from no site; nil where nothing is.
    case declared(Region?)
    /// What the device's own address says.
    case address(AddressRegion)

    /// What is known without a policy's list.
    var region: Region? {
        switch self {
        case .declared(let region): region
        case .address(let found): found.region
        }
    }
}

extension PolicyBook {
    func place(of attempt: Attempt) -> Place {
        guard let site = attempt.site, site.isByAddress else {
            return .declared(region(of: attempt.site))
        }
        return .address(attempt.addressRegion ?? .none(of: attempt.device))
    }

    func regionSteps(_ site: Site, at place: Place) -> [WhyStep] {
        switch place {
        case .declared(let region):
            let text = "\(site.name) is in \(region?.code ?? "an unknown region")"
            return [WhyStep(holds: true, text: text, source: site.regionSource)]
        case .address(let found):
            return [
                WhyStep(
                    holds: true, text: "at \(site.name) each device's address says the region",
                    source: site.regionSource),
                WhyStep(holds: found.region != nil, text: found.text),
            ]
        }
    }

    /// Whether the policy denies the place. An unknown region never denies, whatever `unknown_site`
    /// says: that is for traffic from no site.
    ///
    /// - region: the one that decides; nil where it is not known well enough.
    func denial(
        at place: Place, by policy: RegionPolicy
    ) -> (denies: Bool, step: WhyStep, region: Region?) {
        let found: AddressRegion
        switch place {
        case .declared(let region):
            let denial = denial(of: region, by: policy)
            return (denial.denies, denial.step, region)
        case .address(let address): found = address
        }
        switch found.listing(in: policy.regions.list) {
        case .unknown(let why):
            let text = "\(why); an unknown region never blocks"
            return (false, WhyStep(holds: false, text: text, source: policy.source), nil)
        case .listed(let entry):
            // The part that decides, where the record names several.
            let region = entry.value.isSubdivision ? entry.value : found.region
            let denial = denial(of: region, by: policy)
            return (denial.denies, denial.step, region)
        case .notListed:
            let denial = denial(of: found.region, by: policy)
            return (denial.denies, denial.step, found.region)
        }
    }
}

extension AddressRegion {
    /// Of a device whose address nobody has looked up.
    fileprivate static func none(of device: DeviceFacts?) -> AddressRegion {
        let unspecified = IPAddress.v4(IPv4Address(value: 0))
        return AddressRegion(
            device?.address ?? unspecified,
            .unknown(device?.address == nil ? .noAddress : .notAsked),
            database: nil)
    }
}
