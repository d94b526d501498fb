public import Encoding
public import Primitives
public import StateModel
public import Votes

/// A span of heights with one validator set and one set of parameters. Bytes: `[number, firstHeight, lastHeight]`.
///
/// The state after the block at `lastHeight` holds the record of the next epoch; that block itself is still of this one.
public struct EpochRecord: CBORCodable, Codable, Hashable, Sendable {
    public let number: Epoch
    public let firstHeight: Height
    public let lastHeight: Height

    public init(number: Epoch, firstHeight: Height, lastHeight: Height) {
        self.number = number
        self.firstHeight = firstHeight
        self.lastHeight = lastHeight
    }

    /// Epoch 0: the heights after genesis.
    static func first(length: UInt64) -> EpochRecord {
        EpochRecord(number: .genesis, firstHeight: Height.genesis.next, lastHeight: Height(length))
    }

    /// An epoch that begins early, on the block below `height`: a whole epoch's length from there [C19].
    public static func restarting(_ number: Epoch, at height: Height, length: UInt64) -> EpochRecord {
        EpochRecord(number: number, firstHeight: height, lastHeight: Height(height.value + length - 1))
    }

    /// The epoch after this one; nil past the largest height.
    func next(length: UInt64) -> EpochRecord? {
        guard number < .maximum, let last = lastHeight.value.adding(length), length > 0 else { return nil }
        return EpochRecord(number: number.next, firstHeight: lastHeight.next, lastHeight: Height(last))
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(number)
        writer.write(firstHeight)
        writer.write(lastHeight)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("epoch", count: 3) { (reader) throws(EncodingFailure) in
            EpochRecord(
                number: try reader.value("number"), firstHeight: try reader.value("firstHeight"),
                lastHeight: try reader.value("lastHeight"))
        }
    }
}

public enum Epochs {
    /// The epoch of the next block on `state`.
    public static func current(in state: any StateReader) throws(Refusal) -> EpochRecord {
        guard let record = try state.record(GovernanceKeys.epoch) else {
            throw .failed(StateFailure("the state has no epoch"))
        }
        return record
    }
}
