import Glibc

/// The peers of the laboratory: what devices and the internet say to each other, and what was seen
/// on the wire. Each verb prints JSON objects, one to a line.
enum Program {
    static let usage = """
        usage: LabPeer VERB [--option value ...]
          serve      --on ADDRESS ...                TCP echo, UDP echo, UDP push, UDP sink
          flood      --to ADDRESS --rate N --seconds T [--after N --ask NAME --resolver ADDRESS]
          echo       --to ADDRESS --seconds T [--idle T]   TCP echo every 50 ms until it breaks
          ask        --to ADDRESS --name NAME --headers LIST   DNS behind IPv6 extension headers
          push       --to ADDRESS --rate N --seconds T   a downlink after one hello
          bystander  --to ADDRESS ... [--resolver ADDRESS] [--seconds T]   until SIGTERM
          hello      --to ADDRESS --name NAME --size N --segments N   a TLS ClientHello
          form       --form NAME --to ADDRESS --port N --name NAME [--version N]   a hello in
                     one of its forms, segment by segment
                     [--proxy FORM --proxied NAME --pipelined yes]   behind a SOCKS proxy
          forms      --on ADDRESS ... --port N [--banner TEXT]   answers hellos that are
                     complete
          forge      --interface NAME --mac MAC --gateway-mac MAC --gateway ADDRESS ...
                     --ask NAME --count N [--rate N] [--claim ADDRESS ...]
                     [--to ADDRESS ... --resolver ADDRESS ... --as MAC,ADDRESS ...]
          quic       --to ADDRESS --name NAME [--datagrams N] [--version N]   a QUIC ClientHello
          dhcp       --interface NAME                one DISCOVER, one OFFER
          cuts       --to ADDRESS --resolver ADDRESS --vector dns|tls|quic --name NAME --rate N
                     --rounds N --control SOCKET --device MAC --ranges FILE
                     --daemon PID
          connections --to ADDRESS --name NAME --seconds T [--parallel N]   TLS hellos a second
          greet      --on ADDRESS                    answers TLS hellos
          cost       --to ADDRESS [--packets N --rounds N]   CPU time of a small datagram
          wire       --file PCAP --source ADDRESS ... [--name NAME] [--window FROM,TO]
                     [--ranges FILE]
          leaks      --file PCAP --source ADDRESS --window FROM,TO ...   what came after triggers
          trigger    --name NAME --resolver ADDRESS  one DNS question, no answer awaited
          await      --socket PATH --seconds T       READY=1 of sd_notify(3)
        """

    static func run() {
        let words = Array(CommandLine.arguments.dropFirst())
        // A peer that went away must not end the program that measures it.
        signal(SIGPIPE, SIG_IGN)
        do {
            let arguments = try Arguments(Array(words.dropFirst()))
            try perform(words.first ?? "", arguments)
        } catch let failure as Failure {
            write(line: "LabPeer: \(failure)", to: STDERR_FILENO)
            exit(1)
        } catch {
            write(line: usage, to: STDERR_FILENO)
            exit(64)
        }
    }

    private static func perform(_ verb: String, _ arguments: Arguments) throws {
        switch verb {
        case "serve":
            var servers = Servers(arguments)
            try servers.run()
        case "flood": try Flood(arguments).run()
        case "echo": try EchoClient(arguments).run()
        case "ask": try ExtendedQuestion(arguments).run()
        case "push": try PushClient(arguments).run()
        case "bystander": try Bystander(arguments).run()
        case "hello": try HelloClient(arguments).run()
        case "form": try FormClient(arguments).run()
        case "forms":
            var server = try FormServer(arguments)
            try server.run()
        case "cuts": try CutRounds(arguments).run()
        case "forge": try Forgery(arguments).run()
        case "quic": try QUICClient(arguments).run()
        case "dhcp": try DHCPClient(arguments).run()
        case "connections":
            var meter = try ConnectionMeter(arguments)
            try meter.run()
        case "greet":
            var server = try HelloServer(arguments)
            try server.run()
        case "cost": try CostMeter(arguments).run()
        case "wire": try WireReport(arguments).run()
        case "leaks": try LeakReport(arguments).run()
        case "trigger": try Asker(arguments).run()
        case "await": try ReadyWaiter(arguments).run()
        default: throw WrongUse()
        }
    }
}

struct WrongUse: Error {}

/// An operation that the system refused.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ text: String) { description = text }

    /// `operation`, with the text of `errno` as it stands now.
    static func system(_ operation: String) -> Failure {
        Failure("\(operation): \(String(cString: strerror(errno)))")
    }
}

/// `--key value` pairs; a key may come several times.
struct Arguments {
    private var values: [String: [String]] = [:]

    init(_ words: [String]) throws {
        guard words.count.isMultiple(of: 2) else { throw WrongUse() }
        for index in stride(from: 0, to: words.count, by: 2) {
            guard words[index].hasPrefix("--") else { throw WrongUse() }
            values[String(words[index].dropFirst(2)), default: []].append(words[index + 1])
        }
    }

    func all(_ key: String) -> [String] { values[key] ?? [] }

    func text(_ key: String) throws -> String {
        guard let value = values[key]?.last else { throw WrongUse() }
        return value
    }

    func number(_ key: String, or standard: Int? = nil) throws -> Int {
        guard let value = values[key]?.last else {
            guard let standard else { throw WrongUse() }
            return standard
        }
        guard let number = Int(value) else { throw WrongUse() }
        return number
    }
}
