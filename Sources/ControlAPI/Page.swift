/// One page of a list. `next` is the cursor of the page after it; absent on the last.
package struct Page<Item: Codable & Hashable & Sendable>: Codable, Hashable, Sendable {
    package let items: [Item]
    package let next: String?

    package init(items: [Item], next: String? = nil) {
        self.items = items
        self.next = next
    }
}
