package import Policy

/// Reads a configuration's directory.
package struct SettingsLoader {
    private let directory: String
    private var files: [SettingsFile] = []
    private var problems: [SettingsProblem] = []
    private var totalBytes = 0

    /// Reads `regionlock.yaml` and every `*.yaml` of `devices.d`, `policy.d` and `catalogue.d`, in
    /// order of name. It never fails: what can't be read is among the problems.
    ///
    /// - Parameters:
    ///   - directory: Such as `/etc/regionlock`; problems name files relative to it.
    ///   - vendorRegistry: Usually `VendorRegistry.installed()`.
    ///   - regions: Usually `RegionTable.installed()`.
    /// - Parameter policy: The path of a policy that is not installed; it stands in the place of
    ///   the one of the same name or of the same file name, if there is one.
    package static func load(
        directory: String, vendorRegistry: VendorRegistry, regions: RegionTable,
        adding policy: String? = nil
    ) -> SettingsResult {
        var loader = SettingsLoader(directory: directory)
        loader.collect()
        if let policy { loader.add(policy: policy) }
        var result = SettingsReader.read(
            files: loader.files, vendorRegistry: vendorRegistry, regions: regions,
            hostName: FileSystem.hostName())
        // A file that is there but could not be read has told more than "no such file".
        let unread = Set(loader.problems.filter { $0.severity == .error }.map(\.file))
        result.problems.removeAll { $0.line == 0 && unread.contains($0.file) }
        result.problems = (result.problems + loader.problems).sorted()
        if !unread.isEmpty { result.settings = nil }
        return result
    }

    private init(directory: String) { self.directory = directory }

    private mutating func collect() {
        add(FileKind.gatewayPath, mayBeMissing: true)
        for name in ["catalogue.d", "devices.d", "fleet", "policy.d"] {
            let depth = name == "catalogue.d" ? SettingsLimits.directoryDepth : 0
            walk(name, depth: depth)
        }
    }

    private mutating func walk(_ path: String, depth: Int) {
        let names: [String]?
        do {
            names = try FileSystem.names(in: "\(directory)/\(path)")
        } catch {
            problem(.error, path, error.reason)
            return
        }
        for name in names ?? [] {
            let child = "\(path)/\(name)"
            if name.hasSuffix(".yaml") {
                add(child)
            } else if name.hasSuffix(".yml") {
                problem(.warning, child, "not read: names of settings files end in .yaml")
            } else if depth > 0, FileSystem.isDirectory("\(directory)/\(child)") {
                walk(child, depth: depth - 1)
            }
        }
    }

    /// Reads a policy from elsewhere as if it lay in `policy.d`.
    private mutating func add(policy path: String) {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let place = "policy.d/\(name)"
        var contents: FileSystem.Contents
        do {
            contents = try FileSystem.read(path, limit: SettingsLimits.fileBytes)
        } catch {
            return problem(.error, place, "can't \(error.operation) \(path): \(error.reason)")
        }
        guard let text = String(validating: contents.bytes, as: UTF8.self) else {
            return problem(
                .error, place, "the text is not UTF-8",
                line: Self.firstBadLine(of: contents.bytes))
        }
        let file = SettingsFile(path: place, text: text)
        let policy = Self.policyName(in: file)
        files.removeAll { other in
            guard other.path.hasPrefix("policy.d/") else { return false }
            return other.path == place || policy != nil && Self.policyName(in: other) == policy
        }
        files.append(file)
    }

    /// The value of the key `policy`; nil where there is none that can be read.
    private static func policyName(in file: SettingsFile) -> String? {
        let context = ReadingContext(regions: .builtIn, vendors: VendorRegistry())
        let root = YAMLComposer.compose(file.text, in: FileScope(file, context: context))
        guard case .mapping(let entries) = root?.content,
            case .scalar(let name) = entries.first(where: { $0.key == "policy" })?.value.content
        else { return nil }
        return name
    }

    private mutating func add(_ path: String, mayBeMissing: Bool = false) {
        guard files.count < SettingsLimits.files else {
            if files.count == SettingsLimits.files, !problems.contains(where: { $0.file == "." }) {
                problem(.error, ".", "there are more than \(SettingsLimits.files) files")
            }
            return
        }
        let contents: FileSystem.Contents
        do {
            contents = try FileSystem.read(
                "\(directory)/\(path)", limit: SettingsLimits.fileBytes)
        } catch {
            // The reader says which file is needed.
            if mayBeMissing, error.isNotFound { return }
            problem(.error, path, "can't \(error.operation) it: \(error.reason)")
            return
        }
        totalBytes += contents.bytes.count
        guard totalBytes <= SettingsLimits.totalBytes else {
            problem(.error, path, "all files have more than \(SettingsLimits.totalBytes) bytes")
            return
        }
        if contents.isWritableByOthers {
            problem(
                .warning, path, "others than the owner may write this file",
                hint: "chmod go-w \(directory)/\(path)")
        }
        guard let text = String(validating: contents.bytes, as: UTF8.self) else {
            problem(
                .error, path, "the text is not UTF-8",
                line: Self.firstBadLine(of: contents.bytes))
            return
        }
        files.append(SettingsFile(path: path, text: text))
    }

    /// 1-based.
    private static func firstBadLine(of bytes: [UInt8]) -> Int {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let bad = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil }
        return (bad ?? 0) + 1
    }

    private mutating func problem(
        _ severity: SettingsProblem.Severity, _ path: String, _ message: String, line: Int = 0,
        hint: String? = nil
    ) {
        problems.append(
            SettingsProblem(
                severity: severity, file: path, line: line, column: line > 0 ? 1 : 0,
                message: message, hint: hint))
    }
}
