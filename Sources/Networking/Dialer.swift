package import Primitives

/// Whom to dial next, and when: each target's addresses in turn, after pauses that double.
package struct Dialer {
    private struct Target {
        var addresses: [PeerAddress]
        var attempts = 0
        var next: ContinuousClock.Instant
        var isDialing = false
    }

    package init() {}

    private var targets: [TransportKey: Target] = [:]

    /// True while there is nobody to dial.
    package var isEmpty: Bool { targets.isEmpty }

    package mutating func setTargets(_ wanted: [TransportKey: [PeerAddress]], now: ContinuousClock.Instant) {
        targets = targets.filter { wanted[$0.key] != nil }
        for (key, addresses) in wanted where !addresses.isEmpty {
            if targets[key] == nil { targets[key] = Target(addresses: addresses, next: now) }
            targets[key]?.addresses = addresses
        }
    }

    /// Who is to be dialed now, and where; each counts as being dialed until ``ended``.
    package mutating func due(
        now: ContinuousClock.Instant, unless isHeld: (TransportKey) -> Bool
    ) -> [(TransportKey, PeerAddress)] {
        var due: [(TransportKey, PeerAddress)] = []
        for (key, target) in targets where !target.isDialing && target.next <= now && !isHeld(key) {
            targets[key]?.isDialing = true
            due.append((key, target.addresses[target.attempts % target.addresses.count]))
        }
        return due
    }

    /// The pause is between half and all of its length: nodes that lost each other at one moment don't meet again at
    /// one moment.
    package mutating func ended(
        _ key: TransportKey, isSettled: Bool, jitter: UInt64, limits: NetworkLimits, now: ContinuousClock.Instant
    ) {
        guard var target = targets[key] else { return }
        target.isDialing = false
        target.attempts = isSettled ? 0 : target.attempts + 1
        let doublings = min(max(target.attempts - 1, 0) / target.addresses.count, 16)
        let pause = min(limits.dialPause * (1 << doublings), limits.longestDialPause)
        target.next = now + pause * (0.5 + Double(jitter % 1_024) / 2_048)
        targets[key] = target
    }
}
