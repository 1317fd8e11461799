import Policy
import Wire

extension Field {
    /// An assigned ISO 3166 code.
    func region() -> Region? {
        guard let text = scalar("a region such as CU or UA-43") else { return nil }
        return region(text, at: span)
    }

    /// The region that `text`, standing at `span`, names.
    func region(_ text: String, at span: TextSpan) -> Region? {
        let regions = file.context.regions
        guard let region = Region(text), regions.standing(of: region) != .unassigned else {
            let advice = regions.advice(for: text).map { "\($0) " } ?? ""
            file.error(
                "there is no region \(quoted(text))", at: span,
                hint: "\(advice)See: regionlock regions --all")
            return nil
        }
        if regions.standing(of: region) == .unknown {
            file.warning(
                "\(region) can't be checked: the codes of its country's parts are not installed",
                at: span, hint: "apt install iso-codes")
        }
        return region
    }

    /// A list of regions, each once.
    func regions() -> [(region: Region, field: Field)] {
        guard let items = someItems(of: "regions", limit: SettingsLimits.regionsPerPolicy) else {
            return []
        }
        var firstLines: [Region: Int] = [:]
        return items.compactMap { item in
            guard let region = item.region() else { return nil }
            if let line = firstLines[region] {
                item.warning("\(region) stands here twice (first in line \(line))")
                return nil
            }
            firstLines[region] = item.span.line
            return (region, item)
        }
    }
}
