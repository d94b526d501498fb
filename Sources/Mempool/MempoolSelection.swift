internal import DequeModule
public import Primitives
public import Transactions

/// What a proposer takes: reserved acts first within their twentieth, then sponsors by deficit round robin in weight.
extension Mempool {
    /// - Parameters:
    ///   - weightLimit: W.
    ///   - byteLimit: of the transactions' bytes together.
    /// - Returns: transactions in an order in which each account's sequences are consecutive from its next.
    public mutating func select(weightLimit: UInt64, byteLimit: Int, countLimit: Int) -> [VerifiedTransaction] {
        var selection = Selection(weightLeft: weightLimit, bytesLeft: byteLimit, countLeft: countLimit)
        takeReserved(into: &selection, weight: weightLimit / 20)
        takeOrdinary(into: &selection, weight: weightLimit - weightLimit / 20, quantum: max(weightLimit / 64, 1))
        takeReserved(into: &selection, weight: weightLimit)
        return selection.taken
    }

    private struct Selection {
        var weightLeft: UInt64
        var bytesLeft: Int
        var countLeft: Int
        var taken: [VerifiedTransaction] = []
        /// The next sequence of accounts that something was taken of.
        var next: [Address: UInt64] = [:]

        mutating func take(_ transaction: VerifiedTransaction) -> Bool {
            guard countLeft > 0, transaction.weight <= weightLeft, transaction.bytes.count + 5 <= bytesLeft else {
                return false
            }
            weightLeft -= transaction.weight
            bytesLeft -= transaction.bytes.count + 5
            countLeft -= 1
            taken.append(transaction)
            next[transaction.body.sender] = transaction.body.sequence + 1
            return true
        }
    }

    private func isNext(_ place: Place, in selection: Selection) -> Bool {
        place.sequence == selection.next[place.sender] ?? accounts[place.sender]?.next
    }

    /// Round robin by sponsor, one transaction each; claims of revenue after everything else.
    private func takeReserved(into selection: inout Selection, weight: UInt64) {
        var left = min(weight, selection.weightLeft)
        for claims in [false, true] {
            var lines = reservedLines
            var sponsors = lines.keys.sorted()
            while !sponsors.isEmpty {
                for sponsor in sponsors {
                    guard let entry = firstReserved(of: sponsor, claims: claims, in: &lines, selection) else {
                        lines[sponsor] = nil
                        continue
                    }
                    guard entry.transaction.weight <= left, selection.take(entry.transaction) else {
                        lines[sponsor] = nil
                        continue
                    }
                    left -= entry.transaction.weight
                }
                sponsors = lines.keys.sorted()
            }
        }
    }

    private func firstReserved(
        of sponsor: Party, claims: Bool, in lines: inout [Party: Deque<Place>], _ selection: Selection
    ) -> Entry? {
        while let place = lines[sponsor]?.popFirst() {
            guard let entry = entry(at: place), isNext(place, in: selection),
                entry.transaction.isClaim == claims
            else { continue }
            return entry
        }
        return nil
    }

    /// Each round every sponsor may spend a quantum of weight more; what it does not spend it keeps for the next round
    /// while it has something waiting. The turn moves on from block to block.
    private mutating func takeOrdinary(into selection: inout Selection, weight: UInt64, quantum: UInt64) {
        var walks: [Party: Walk] = [:]
        var sponsors = lines.keys.sorted()
        guard !sponsors.isEmpty else { return }
        if let turn, let start = sponsors.firstIndex(where: { $0 > turn }) {
            sponsors = Array(sponsors[start...] + sponsors[..<start])
        }
        turn = sponsors.first
        for sponsor in sponsors { walks[sponsor] = Walk() }
        var left = min(weight, selection.weightLeft)
        while !sponsors.isEmpty, left > 0, selection.countLeft > 0 {
            var open: [Party] = []
            for sponsor in sponsors {
                guard var walk = walks[sponsor] else { continue }
                walk.deficit += quantum
                let isOpen = spend(&walk, of: sponsor, left: &left, into: &selection)
                walks[sponsor] = walk
                if isOpen { open.append(sponsor) }
            }
            sponsors = open
        }
    }

    /// A pass along one sponsor's line.
    private struct Walk {
        var position = 0
        var deficit: UInt64 = 0
        /// Met before their predecessor was taken.
        var passedOver: [Address: [UInt64: Place]] = [:]
        /// Has become next since: taken before the line goes on.
        var ready: Deque<Place> = []
    }

    /// False once the line has nothing more that fits.
    private func spend(
        _ walk: inout Walk, of sponsor: Party, left: inout UInt64, into selection: inout Selection
    ) -> Bool {
        while true {
            guard let place = peek(&walk, of: sponsor, selection) else { return false }
            guard let entry = entry(at: place) else {
                advance(&walk)
                continue
            }
            let cost = entry.transaction.weight
            guard cost <= left else { return false }
            guard cost <= walk.deficit else { return true }
            guard selection.take(entry.transaction) else { return false }
            walk.deficit -= cost
            left -= cost
            advance(&walk)
            if let follower = walk.passedOver[place.sender]?.removeValue(forKey: place.sequence + 1) {
                walk.ready.append(follower)
            }
        }
    }

    /// The place to serve next: one that has become ready, else the line's next whose turn in its account it is.
    private func peek(_ walk: inout Walk, of sponsor: Party, _ selection: Selection) -> Place? {
        if let ready = walk.ready.first { return ready }
        guard let line = lines[sponsor] else { return nil }
        while walk.position < line.count {
            let place = line[walk.position]
            if entry(at: place) != nil {
                if isNext(place, in: selection) { return place }
                walk.passedOver[place.sender, default: [:]][place.sequence] = place
            }
            walk.position += 1
        }
        return nil
    }

    private func advance(_ walk: inout Walk) {
        if walk.ready.isEmpty { walk.position += 1 } else { walk.ready.removeFirst() }
    }
}

extension VerifiedTransaction {
    /// Claims of revenue come last among reserved acts: money waits better than a withdrawal.
    var isClaim: Bool { body.operations.allSatisfy { $0.name == "revenue.claim" } }
}
