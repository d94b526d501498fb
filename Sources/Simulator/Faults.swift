internal import Primitives
internal import Votes

/// How often what went wrong.
package struct FaultCounts: SeedCounts {
    var injected = [Int](repeating: 0, count: FaultKind.allCases.count)
    /// By what was made durable, and the point.
    var crashes = [[Int]](
        repeating: [Int](repeating: 0, count: CrashPoint.allCases.count), count: SyncKind.allCases.count)
    var traitors = [Int](repeating: 0, count: Misbehavior.allCases.count)
    var bans = 0
    var messages = 0
    var evidence = 0
    var nullifies: UInt64 = 0
    var heights: UInt64 = 0
    var epochs: UInt64 = 0
    var setChanges: UInt64 = 0

    package init() {}

    package mutating func add(_ other: FaultCounts) {
        for index in injected.indices { injected[index] += other.injected[index] }
        for kind in crashes.indices {
            for point in crashes[kind].indices { crashes[kind][point] += other.crashes[kind][point] }
        }
        for index in traitors.indices { traitors[index] += other.traitors[index] }
        bans += other.bans
        messages += other.messages
        evidence += other.evidence
        nullifies += other.nullifies
        heights += other.heights
        epochs += other.epochs
        setChanges += other.setChanges
    }

    /// Lines for people, in a fixed order.
    package var lines: [String] {
        let faults = FaultKind.allCases.map { "\($0) \(injected[Int($0.rawValue)])" }
        let crashed = SyncKind.allCases.map { kind in
            "\(kind) "
                + CrashPoint.allCases.map { "\($0) \(crashes[Int(kind.rawValue)][Int($0.rawValue)])" }
                .joined(separator: "/")
        }
        let kinds = Misbehavior.allCases.map { "\($0) \(traitors[Int($0.rawValue)])" }
        return [
            "faults: " + faults.joined(separator: ", "),
            "power failures: " + crashed.joined(separator: ", "),
            "traitors: " + kinds.joined(separator: ", "),
            "messages \(messages), heights \(heights), epochs \(epochs), changes of the set \(setChanges),"
                + " honest nullifies \(nullifies), evidence \(evidence), bans \(bans)",
        ]
    }
}

// Putting faults into a run.
extension Simulation {
    func injectFault() {
        push(.fault, after: 1 + faultRandom.below(2 * scenario.faultMilliseconds))
        let kind = faultRandom.pick(scenario.faults)
        let node = nodes[faultRandom.below(nodes.count)]
        if kind != .wipe, kind != .crashAtStart { counts.injected[Int(kind.rawValue)] += 1 }
        trace.note(now, node: node.index, 14, UInt64(kind.rawValue), "fault \(kind)")
        switch kind {
        case .crashAtSync:
            node.disk.failPower(atPoint: faultRandom.below(12), faultRandom.pick(CrashPoint.allCases))
        case .powerFailure: if node.isUp { losePower(node, for: faultRandom.delay(10...20_000)) }
        case .restartOfAll:
            for node in nodes where node.isUp { losePower(node, for: faultRandom.delay(10...3_000)) }
        case .pause: pause(node, until: now + faultRandom.delay(100...20_000))
        case .clockSkew:
            let range: UInt64 = faultRandom.chance(200) ? 10_000 : 1_500
            node.clockSkew = Int64(faultRandom.below(2 * range)) - Int64(range)
        case .wipe: wipeOnce()
        case .crashAtStart: if node.isUp { losePower(node, for: faultRandom.delay(10...3_000)) }
        case .clog, .oneWayPartition, .isolation, .disconnection, .lossyNetwork, .twinSwitch:
            injectNetworkFault(kind, at: node)
        }
    }

    private func injectNetworkFault(_ kind: FaultKind, at node: SimulatedNode) {
        let other = (node.index + 1 + faultRandom.below(nodes.count - 1)) % nodes.count
        switch kind {
        case .clog: network[node.index, other].cloggedUntil = now + faultRandom.delay(100...10_000)
        case .oneWayPartition:
            for receiver in nodes.indices where faultRandom.chance(500) {
                network[node.index, receiver].blockedUntil = now + faultRandom.delay(500...20_000)
            }
        case .isolation:
            // A part of the nodes is cut off from the rest, in both directions.
            let isInside = nodes.map { _ in faultRandom.chance(350) }
            let end = now + faultRandom.delay(500...15_000)
            for one in nodes.indices {
                for other in nodes.indices where isInside[one] != isInside[other] {
                    network[one, other].blockedUntil = end
                    network[other, one].blockedUntil = end
                    if one < other, faultRandom.chance(300) { separate(one, other) }
                }
            }
        case .disconnection: separate(node.index, other)
        case .lossyNetwork:
            network.lossThousandths = faultRandom.below(300)
            network.duplicateThousandths = faultRandom.below(100)
            network.delayMilliseconds = faultRandom.pick([1...20, 1...100, 5...50, 20...400])
        case .twinSwitch:
            for index in nodes.indices where nodes[index].misbehavior != .twins && faultRandom.chance(500) {
                twinSides[index] = 1 - twinSides[index]
                for twin in nodes where twin.misbehavior == .twins {
                    separate(index, twin.index)
                    retry(index, twin.index, after: 100)
                }
            }
        default: break
        }
    }

    private func wipeOnce() {
        guard let wiped = scenario.wiped, !nodes[wiped].isWiped else { return }
        let node = nodes[wiped]
        counts.injected[Int(FaultKind.wipe.rawValue)] += 1
        trace.note(now, node: wiped, 15, UInt64(scenario.loss.rawValue), "loses its disk: \(scenario.loss)")
        do {
            losePower(node, for: faultRandom.delay(1_000...30_000))
            try node.lose(scenario.loss)
        } catch {
            fail("node \(wiped): \(error)")
        }
    }
}
