/// A rolling hash over everything that happens, and (where asked for) the same as text.
struct Trace {
    /// Equal for equal runs.
    private(set) var hash: UInt64 = 0x6d65_646e_6578_7573
    private(set) var eventCount: UInt64 = 0
    /// The last lines; empty unless text is kept.
    private(set) var lines: [String] = []
    private let keepsText: Bool
    private let write: (@Sendable (String) -> Void)?
    static let keptLines = 60

    init(keepsText: Bool, write: (@Sendable (String) -> Void)? = nil) {
        self.keepsText = keepsText
        self.write = write
    }

    /// `what` names the kind of event, `detail` what it was about; `text` is made only where it is kept.
    mutating func note(
        _ time: UInt64, node: Int, _ what: UInt64, _ detail: UInt64, _ text: @autoclosure () -> String
    ) {
        eventCount += 1
        for word in [time, UInt64(bitPattern: Int64(node)), what, detail] { hash = Self.mix(hash ^ word) }
        guard keepsText else { return }
        let place = node < 0 ? "-" : String(node)
        let line = "\(Self.seconds(time))  \(place)  \(text())"
        lines.append(line)
        if lines.count > 2 * Self.keptLines { lines.removeFirst(Self.keptLines) }
        write?(line)
    }

    static func seconds(_ time: UInt64) -> String {
        let milliseconds = String(time % 1_000)
        return "\(time / 1_000)." + String(repeating: "0", count: 3 - milliseconds.count) + milliseconds
    }

    static func mix(_ word: UInt64) -> UInt64 {
        var value = word &+ 0x9e37_79b9_7f4a_7c15
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }

    /// FNV-1a over words of eight bytes: it tells runs apart, no more is asked of it.
    static func digest(_ bytes: [UInt8]) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(bytes.count)
        var word: UInt64 = 0
        for (index, byte) in bytes.enumerated() {
            word = word << 8 | UInt64(byte)
            if index & 7 == 7 {
                hash = (hash ^ word) &* 0x100_0000_01b3
                hash ^= hash >> 32
                word = 0
            }
        }
        return mix(hash ^ word)
    }
}
