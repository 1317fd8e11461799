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

    var operation: FirewallOperation {
        isAdded ? .addElements(set: set, [element]) : .deleteElements(set: set, [element])
    }
}
