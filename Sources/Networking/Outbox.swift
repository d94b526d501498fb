/// What waits to be sent to one peer: a queue for each channel, the first channel with something to send and credit for it
/// goes first, a fragment at a time. Used on the connection's event loop alone.
package struct Outbox {
    private struct Message {
        let bytes: [UInt8]
        var offset = 0
    }

    private let limits: NetworkLimits
    private var queues = PerChannel<[Message]> { _ in [] }
    /// What the peer may still be sent before it gives credit back.
    private var credit: PerChannel<Int>

    package init(_ limits: NetworkLimits) {
        self.limits = limits
        credit = PerChannel { limits.window($0) }
    }

    /// Precondition: no larger than the channel's largest message.
    package mutating func append(_ bytes: [UInt8], on channel: MessageChannel) {
        precondition(bytes.count <= limits.messageBytes[channel], "room was reserved, which looks at the size")
        queues[channel].append(Message(bytes: bytes))
    }

    package var isEmpty: Bool { MessageChannel.allCases.allSatisfy { queues[$0].isEmpty } }

    /// False for nothing, and for a sum that no window has.
    package mutating func give(_ count: Int, on channel: MessageChannel) -> Bool {
        guard count > 0, count <= NetworkLimits.largestWindow - credit[channel] else { return false }
        credit[channel] += count
        return true
    }

    package mutating func next() -> Frame? {
        for channel in MessageChannel.allCases {
            guard var message = queues[channel].first else { continue }
            let isFirst = message.offset == 0
            let cost = isFirst ? message.bytes.count + NetworkLimits.messageOverhead : 0
            // A message is begun only when the peer has room for all of it, so that it never stands half sent.
            guard !isFirst || credit[channel] >= cost else { continue }
            credit[channel] -= cost
            let end = min(message.offset + limits.fragmentBytes, message.bytes.count)
            let part = message.bytes[message.offset..<end]
            let isLast = end == message.bytes.count
            message.offset = end
            if isLast { queues[channel].removeFirst() } else { queues[channel][0] = message }
            return .fragment(channel, total: isFirst ? message.bytes.count : nil, isLast: isLast, part)
        }
        return nil
    }
}

/// Messages of one peer that are being put together. Used on the connection's event loop alone.
package struct Inbox {
    package enum Failure: Error {
        case malformed
        case tooLarge
        case beyondWindow
    }

    private let limits: NetworkLimits
    private var parts = PerChannel<(total: Int, bytes: [UInt8], began: ContinuousClock.Instant)?> { _ in nil }
    private var window: PerChannel<Int>

    package init(_ limits: NetworkLimits) {
        self.limits = limits
        window = PerChannel { limits.window($0) }
    }

    /// The message, when this was its last fragment.
    package mutating func receive(
        _ channel: MessageChannel, total: Int?, isLast: Bool, _ part: ArraySlice<UInt8>, now: ContinuousClock.Instant
    ) throws(Failure) -> [UInt8]? {
        if let total {
            guard parts[channel] == nil else { throw .malformed }
            guard total <= limits.messageBytes[channel] else { throw .tooLarge }
            guard total + NetworkLimits.messageOverhead <= window[channel] else { throw .beyondWindow }
            window[channel] -= total + NetworkLimits.messageOverhead
            parts[channel] = (total, [], now)
        }
        guard var message = parts[channel], message.bytes.count + part.count <= message.total else { throw .malformed }
        // Taken out, so that appending does not copy what has arrived.
        parts[channel] = nil
        // Only the last may be short: a frame costs as much to open as a kibibyte.
        guard isLast || part.count >= smallestFragment, !part.isEmpty || message.total == 0 else { throw .malformed }
        message.bytes += part
        guard isLast else {
            parts[channel] = message
            return nil
        }
        guard message.bytes.count == message.total else { throw .malformed }
        return message.bytes
    }

    private var smallestFragment: Int { min(NetworkLimits.smallestFragmentBytes, limits.fragmentBytes) }

    /// When the message that waits longest for its end was begun.
    package var oldestStart: ContinuousClock.Instant? {
        MessageChannel.allCases.compactMap { parts[$0]?.began }.min()
    }

    /// A message was handled; what is to be given back to the peer.
    package mutating func handled(_ count: Int, on channel: MessageChannel) -> Int {
        window[channel] += count + NetworkLimits.messageOverhead
        return count + NetworkLimits.messageOverhead
    }
}
