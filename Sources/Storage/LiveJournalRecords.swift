public import Votes

/// The records that a rotation of the journal must carry over: what lies at or above the position that finality has
/// trimmed to, and of each validator the first pieces of evidence of the epoch, which may not be on the chain yet.
///
/// Bounded, whatever traitors sign: they can make evidence without end.
public struct LiveJournalRecords: Sendable {
    /// Pieces of evidence kept of one validator below the trimmed position: enough to convict it.
    public static let evidencePerValidator = 8

    public private(set) var records: [JournalRecord]
    private var trimmed = EpochView(.genesis, .genesis)

    public init(_ records: [JournalRecord]) { self.records = records }

    public mutating func append(_ new: [JournalRecord]) { records += new }

    /// Nothing below `position` will be asked for again.
    public mutating func trim(before position: EpochView) {
        trimmed = max(trimmed, position)
        var kept: [Int: Int] = [:]
        records.removeAll { record in
            guard record.position < trimmed else { return false }
            guard case .evidence(let evidence) = record, evidence.position.epoch == trimmed.epoch else { return true }
            kept[evidence.validator, default: 0] += 1
            return kept[evidence.validator, default: 0] > Self.evidencePerValidator
        }
    }
}
