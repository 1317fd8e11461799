/// The languages the page speaks. The policy's message may have others.
enum NoticeLanguage: String, CaseIterable {
    case english = "en"
    case spanish = "es"

    /// What speakers call their language; the code where we do not know.
    static func ownName(_ code: String) -> String {
        switch code {
        case "ar": "العربية"
        case "en": "English"
        case "es": "Español"
        case "fa": "فارسی"
        case "fr": "Français"
        case "ko": "한국어"
        case "pt": "Português"
        case "ru": "Русский"
        case "uk": "Українська"
        case "zh": "中文"
        default: code
        }
    }

    /// The best of ours for an Accept-Language header; English where nothing fits.
    init(accepting header: String) {
        self = Self.wishes(in: header).lazy.compactMap { Self(rawValue: $0) }.first ?? .english
    }

    /// The languages an Accept-Language header names (RFC 9110 section 12.5.4), the best first.
    /// Regions do not matter: `es-419` is Spanish.
    static func wishes(in header: String) -> [String] {
        var wishes: [(code: String, quality: Double)] = []
        // No browser names more, and a header is the device's to choose.
        for item in header.split(separator: ",").prefix(32) {
            let parts = item.split(separator: ";").map(Self.trimmed)
            guard let code = parts.first?.split(separator: "-").first?.lowercased() else {
                continue
            }
            let weight = parts.dropFirst().first { $0.lowercased().hasPrefix("q=") }
            let quality = weight.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            if quality > 0 { wishes.append((code, quality)) }
        }
        return wishes.enumerated().sorted { left, right in
            (-left.element.quality, left.offset) < (-right.element.quality, right.offset)
        }.map(\.element.code)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        text.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }
    }
}

/// The sentences of the page.
struct NoticeTexts {
    let title: String
    let heading: String
    let meaningHeading: String
    let meaning: (_ policy: String, _ region: String?) -> String
    let actionHeading: String
    let action: (_ contact: String?) -> String
    let phone: String
    let email: String
    let web: String
    let dataHeading: String
    let since: String
    let until: String
    let site: String
    let languages: String
    let notCut: String

    static func of(_ language: NoticeLanguage) -> NoticeTexts {
        switch language {
        case .english: english
        case .spanish: spanish
        }
    }

    private static var english: NoticeTexts {
        NoticeTexts(
            title: "No internet on this device",
            heading: "This device has no internet on this network",
            meaningHeading: "What this means",
            meaning: { policy, region in
                if policy.isEmpty {
                    return "Whoever runs this network has cut the internet connection of this"
                        + " device. The device is not broken, and nothing on it was deleted."
                }
                let place = region.map { "in \($0)" } ?? "here"
                return "This network has seen an attempt to activate this device. The rule"
                    + " “\(policy)” does not allow that \(place). Therefore the network has cut"
                    + " its internet connection. The device is not broken, and nothing on it"
                    + " was deleted."
            },
            actionHeading: "What you can do",
            action: { contact in
                "Contact \(contact ?? "whoever runs this network") and give this reference:"
            },
            phone: "Phone", email: "Email", web: "Web", dataHeading: "Details", since: "Since",
            until: "Until", site: "Network", languages: "Language",
            notCut: "Nothing to see here: this device is not cut off.")
    }

    private static var spanish: NoticeTexts {
        NoticeTexts(
            title: "Sin internet en este dispositivo",
            heading: "Este dispositivo no tiene internet en esta red",
            meaningHeading: "Qué significa",
            meaning: { policy, region in
                if policy.isEmpty {
                    return "Quien administra esta red ha cortado la conexión a internet de este"
                        + " dispositivo. El dispositivo no está averiado y no se ha borrado nada"
                        + " de él."
                }
                let place = region.map { "en \($0)" } ?? "aquí"
                return "Esta red ha detectado que se intenta activar este dispositivo. La norma"
                    + " «\(policy)» no lo permite \(place). Por eso la red ha cortado su"
                    + " conexión a internet. El dispositivo no está averiado y no se ha borrado"
                    + " nada de él."
            },
            actionHeading: "Qué puede hacer",
            action: { contact in
                "Hable con \(contact ?? "quien administra esta red") y diga esta referencia:"
            },
            phone: "Teléfono", email: "Correo", web: "Web", dataHeading: "Datos",
            since: "Desde", until: "Hasta", site: "Red", languages: "Idioma",
            notCut: "Aquí no hay nada que ver: este dispositivo no está cortado.")
    }
}
