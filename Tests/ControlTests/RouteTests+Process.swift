import Foundation

extension RouteTests {
    static var ownUser: UInt32 { geteuid() }
    static var ownProcess: Int32 { getpid() }
}
