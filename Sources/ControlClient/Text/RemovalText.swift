package import ControlAPI
import Policy

extension Report {
    package init(_ reply: RemoveAllReply, _ style: TextStyle) {
        self.init()
        let devices = counted(reply.released, "device")
        let tables = reply.tables.map { "table \($0)" }.joined(separator: " and ")
        if reply.isDryRun {
            add("\(devices) would have the internet back, the mode would be monitor,")
            add(
                reply.tables.isEmpty
                    ? "and no table is there to delete." : "and \(tables) would be deleted.")
        } else {
            add("Everything is ", Phrase("taken down", .warning), Phrase("."))
            add(
                "  Devices: \(devices) \(reply.released == 1 ? "has" : "have") the ",
                Phrase("internet back", .good), Phrase("; none is cut off."))
            add("  Tables:  \(reply.tables.isEmpty ? "none was there" : "deleted \(tables)")")
            add("  Mode:    \(reply.mode.rawValue) (was \(reply.was.rawValue))")
        }
        for block in reply.blocks {
            let why = block.policy ?? block.by ?? block.cause.rawValue
            add("  \(block.id)  \(block.deviceName ?? block.device)  \(why)")
        }
        let more = reply.released - reply.blocks.count
        if more > 0 { add("  and \(more) more") }
        if !reply.isDryRun {
            add(note: "  Undo: regionlock mode monitor, or enforce; a reload or a restart puts the")
            add(note: "  tables back in mode monitor. Blocks stay released.")
        }
    }
}
