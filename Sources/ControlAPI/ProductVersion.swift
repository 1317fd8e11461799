/// What this build calls itself in `version`, `status` and the `Server` header.
package enum ProductVersion {
    package static let text = "0.1.0"
}
