/// One element that enters or leaves a set of our tables: of every table that has the set.
package struct ElementChange: Hashable, Sendable {
    package let set: NftSet
    package let element: SetElement
    package let isAdded: Bool

    package init(set: NftSet, element: SetElement, isAdded: Bool) {
        self.set = set
        self.element = element
        self.isAdded = isAdded
    }
}

extension [ElementChange] {
    /// Neighbours in the list that do the same to the same set share an operation.
    var operations: [FirewallOperation] {
        var operations: [FirewallOperation] = []
        var rest = self[...]
        while let first = rest.first {
            let run = rest.prefix { $0.set == first.set && $0.isAdded == first.isAdded }
            let elements = run.map(\.element)
            operations.append(
                first.isAdded
                    ? .addElements(set: first.set, elements)
                    : .deleteElements(set: first.set, elements))
            rest = rest.dropFirst(run.count)
        }
        return operations
    }
}
