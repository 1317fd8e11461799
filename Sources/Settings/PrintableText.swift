/// Text in double quotes, fit for a terminal: cut to a readable length, nothing unprintable.
func quoted(_ text: some StringProtocol) -> String {
    let longest = 60
    let shown = printable(text, limit: longest)
    let isCut = text.unicodeScalars.count > longest
    return "\"\(shown)\(isCut ? "..." : "")\""
}

/// The text with one replacement character for each scalar a terminal would act on.
func printable(_ text: some StringProtocol, limit: Int) -> String {
    var result = ""
    for scalar in text.unicodeScalars.prefix(limit) {
        // A tab takes one column, as libyaml counts it, so that the caret stands right.
        if scalar == "\t" {
            result.unicodeScalars.append(" ")
        } else if isUnprintable(scalar) {
            result.unicodeScalars.append("\u{fffd}")
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// True for what changes the screen instead of standing on it: controls, line and paragraph
/// separators, and the characters that turn the direction of text that follows them.
///
/// The joiners that Persian and Arabic need (U+200C, U+200D) and the plain direction marks are not
/// among them.
func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x2028, 0x2029, 0x202a...0x202e, 0x2066...0x2069, 0xfeff: true
    default: scalar.properties.generalCategory == .control
    }
}
