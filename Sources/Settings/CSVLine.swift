/// One line of comma-separated values (RFC 4180), with the place of each cell. Quotes may stand
/// around a cell, and are doubled inside; a line end in quotes is none of ours.
package enum CSVLine {
    package struct Cell: Hashable, Sendable {
        /// Without the quotes, and without spaces around it.
        package let text: String
        /// Of the first sign, in Unicode scalars from 1.
        package let column: Int
        /// As it stands in the file, in Unicode scalars; 0 for an empty one.
        package let length: Int
    }

    package struct Fault: Error, Hashable, Sendable {
        package let column: Int
        package let message: String
    }

    package static func cells(of line: String) throws(Fault) -> [Cell] {
        var reader = Reader(signs: Array(line.unicodeScalars))
        return try reader.read()
    }

    private struct Reader {
        let signs: [Unicode.Scalar]
        var position = 0

        mutating func read() throws(Fault) -> [Cell] {
            var cells: [Cell] = []
            while true {
                skipSpaces()
                cells.append(try isAt("\"") ? quoted() : plain())
                skipSpaces()
                guard position < signs.count else { return cells }
                guard isAt(",") else {
                    throw Fault(
                        column: position + 1, message: "a comma must follow the closing quote")
                }
                position += 1
            }
        }

        private func isAt(_ sign: Unicode.Scalar) -> Bool {
            position < signs.count && signs[position] == sign
        }

        private mutating func skipSpaces() { while isAt(" ") || isAt("\t") { position += 1 } }

        private mutating func plain() throws(Fault) -> Cell {
            let start = position
            while position < signs.count, !isAt(",") {
                guard !isAt("\"") else {
                    throw Fault(
                        column: position + 1,
                        message: "a quote stands inside a cell that has none around it")
                }
                position += 1
            }
            var end = position
            while end > start, signs[end - 1] == " " || signs[end - 1] == "\t" { end -= 1 }
            return Cell(text: text(start..<end), column: start + 1, length: end - start)
        }

        private mutating func quoted() throws(Fault) -> Cell {
            let start = position
            position += 1
            var content = String.UnicodeScalarView()
            while position < signs.count {
                if isAt("\"") {
                    position += 1
                    guard isAt("\"") else {
                        return Cell(
                            text: String(content), column: start + 1, length: position - start)
                    }
                }
                content.append(signs[position])
                position += 1
            }
            throw Fault(column: start + 1, message: "this quote is not closed in its line")
        }

        private func text(_ range: Range<Int>) -> String {
            String(String.UnicodeScalarView(signs[range]))
        }
    }
}
