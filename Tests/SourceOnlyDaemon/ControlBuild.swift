import Firewall
import RegionLockDaemon

/// The control of the kernel tests: the same daemon with a table that matches the source MAC alone,
/// finds questions right behind the first header only and looks for no routers, as most home-made
/// blockers do. What passes with regionlockd must fail with this one.
enum ControlBuild {
    /// Takes `--config`, `--state` and `--run` as regionlockd does.
    static func run() async -> Int32 {
        var paths = DaemonPaths()
        let words = Array(CommandLine.arguments.dropFirst())
        for (option, value) in zip(words, words.dropFirst()) {
            switch option {
            case "--config": paths.settings = value
            case "--state": paths.state = value
            case "--run": paths.run = value
            default: break
            }
        }
        return await DaemonProgram.run(paths: paths, shape: .sourceOnly)
    }
}
