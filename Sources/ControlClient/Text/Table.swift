/// Rows under a header in capitals, without lines.
struct Table: Sendable {
    struct Column: Hashable, Sendable {
        let title: String
        /// May be cut when the terminal is too narrow.
        var isFlexible = false
        var isRight = false
    }

    /// What two columns keep between them.
    private static let gap = "  "
    /// Below this a cut cell says nothing.
    private static let minimumWidth = 8

    let columns: [Column]
    var rows: [[Phrase]] = []

    func rendered(_ style: TextStyle) -> [String] {
        let widths = fitted(to: style.width)
        let header = columns.map { Phrase($0.title) }
        return ([header] + rows).map { row in
            var line = ""
            for (index, cell) in row.enumerated() {
                let isCut = cell.width > widths[index]
                let text = cell.rendered(style, width: isCut ? widths[index] : nil)
                let padding = String(repeating: " ", count: max(0, widths[index] - cell.width))
                let isLast = index == row.count - 1
                line += columns[index].isRight ? padding + text : text + (isLast ? "" : padding)
                if !isLast { line += Self.gap }
            }
            return line
        }
    }

    /// Each column as wide as its widest cell; on a terminal the widest flexible ones give way.
    private func fitted(to limit: Int?) -> [Int] {
        var widths = columns.indices.map { index in
            max(columns[index].title.count, rows.map { $0[index].width }.max() ?? 0)
        }
        guard let limit else { return widths }
        let gaps = Self.gap.count * (columns.count - 1)
        while widths.reduce(gaps, +) > limit {
            let candidates = columns.indices.filter {
                columns[$0].isFlexible && widths[$0] > Self.minimumWidth
            }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
        }
        return widths
    }
}
