import Engine
import GeoIP
import Policy
import Wire

extension Gatekeeper {
    /// Another database, or none, says the regions of addresses from now on.
    func use(_ database: RegionDatabase?) {
        answerWaiting()
        self.database = database
        let wanted = engine.addressesToLocate(by: engine.book)
        run(engine.handle(.relocated(wanted.map(region)), at: clock.now()))
    }

    /// The engine gets the regions that other settings will ask for, before it gets those.
    func prepare(for book: PolicyBook, with database: RegionDatabase?) {
        self.database = database
        engine.locate(engine.addressesToLocate(by: book).map(region))
    }

    /// Looks an address up whose region is asked for. It is a quarter of a microsecond for the
    /// tree and some more for the record, in memory, once for each address.
    func locate(_ address: IPAddress, on interface: InterfaceName?) {
        guard engine.wantsRegion(of: address, on: interface) else { return }
        engine.locate([region(of: address)])
    }

    private func region(of address: IPAddress) -> AddressRegion {
        AddressRegion(address, asking: database)
    }
}
