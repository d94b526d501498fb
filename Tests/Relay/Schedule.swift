/// Packets on their way, the next to arrive first: a binary heap by arrival, then by order of entry.
struct Schedule {
    struct Entry {
        let arrival: UInt64
        let order: UInt64
        let slot: Int
        let length: Int
        let receiver: Int

        func isBefore(_ other: Entry) -> Bool { (arrival, order) < (other.arrival, other.order) }
    }

    private var entries: [Entry] = []
    private var order: UInt64 = 0

    var next: Entry? { entries.first }
    var count: Int { entries.count }

    mutating func insert(arrival: UInt64, slot: Int, length: Int, receiver: Int) {
        let entry = Entry(arrival: arrival, order: order, slot: slot, length: length, receiver: receiver)
        order += 1
        entries.append(entry)
        var index = entries.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard entry.isBefore(entries[parent]) else { break }
            entries[index] = entries[parent]
            index = parent
        }
        entries[index] = entry
    }

    mutating func removeFirst() {
        guard let last = entries.popLast(), !entries.isEmpty else { return }
        var index = 0
        while true {
            var child = 2 * index + 1
            guard child < entries.count else { break }
            if child + 1 < entries.count, entries[child + 1].isBefore(entries[child]) { child += 1 }
            guard entries[child].isBefore(last) else { break }
            entries[index] = entries[child]
            index = child
        }
        entries[index] = last
    }
}

/// How late packets were written, in steps of 50 µs.
struct Lateness {
    private static let stepNanoseconds: UInt64 = 50_000
    private var counts = [UInt64](repeating: 0, count: 400)
    private var maximum: UInt64 = 0
    private var count: UInt64 = 0

    mutating func add(_ nanoseconds: UInt64) {
        counts[min(Int(nanoseconds / Self.stepNanoseconds), counts.count - 1)] += 1
        maximum = max(maximum, nanoseconds)
        count += 1
    }

    /// The lateness, in microseconds, that `permille` of a thousand packets did not exceed (upper edge of its step).
    func quantile(permille: UInt64) -> UInt64 {
        var seen: UInt64 = 0
        for (index, number) in counts.enumerated() {
            seen += number
            if seen * 1000 >= count * permille { return (UInt64(index) + 1) * Self.stepNanoseconds / 1000 }
        }
        return maximum / 1000
    }

    var json: String {
        """
        {"packets":\(count),"p50":\(quantile(permille: 500)),"p99":\(quantile(permille: 990)),\
        "max":\(maximum / 1000)}
        """
    }
}
