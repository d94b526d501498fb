public import Encoding
public import Primitives
public import StateModel

/// One answer of the state with its proof. Bytes: `[state key, value / null, state proof]`.
public struct ProvenRead: CBORCodable, Hashable, Sendable {
    public static let maximumKeyBytes = 1_024
    public static let maximumValueBytes = 4 << 20

    public let key: StateKey
    /// Nil: there is nothing under the key.
    public let value: [UInt8]?
    public let proof: StateProof

    public init(key: StateKey, value: [UInt8]?, proof: StateProof) {
        self.key = key
        self.value = value
        self.proof = proof
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(bytes: key.bytes)
        if let value { writer.write(bytes: value) } else { writer.writeNull() }
        writer.write(proof)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("read", count: 3) { (reader) throws(EncodingFailure) in
            let key = try reader.byteString("key", max: Self.maximumKeyBytes)
            guard !key.isEmpty else { throw reader.failure(.outOfRange, "key") }
            return ProvenRead(
                key: StateKey(stored: key),
                value: reader.null() ? nil : try reader.byteString("value", max: Self.maximumValueBytes),
                proof: try reader.value("proof"))
        }
    }
}

/// The state as far as proven reads tell it. A read of anything else is refused: it must not pass for absence.
public struct ProvenState: StateReader, Sendable {
    private let values: [StateKey: [UInt8]?]

    /// Checks every read against `root`.
    public init(_ reads: [ProvenRead], root: Hash) throws(ProofFailure) {
        var values: [StateKey: [UInt8]?] = [:]
        for (index, read) in reads.enumerated() {
            guard read.proof.verifies(read.key, value: read.value, root: root) else {
                throw ProofFailure("reads", "the state does not say what read \(index) says")
            }
            guard values.updateValue(read.value, forKey: read.key) == nil else {
                throw ProofFailure("reads", "read \(index) is there twice")
            }
        }
        self.values = values
    }

    public func read(_ key: StateKey) throws(StateFailure) -> [UInt8]? {
        guard let value = values[key] else {
            throw StateFailure("the proof does not tell what the state holds under \(Hexadecimal.encode(key.bytes))")
        }
        return value
    }
}

/// A state that remembers what was asked of it. One owner, one thread.
public final class RecordingState: StateReader {
    private let base: any StateReader
    /// In the order of the first question.
    public private(set) var answers: [(key: StateKey, value: [UInt8]?)] = []
    private var known: Set<StateKey> = []

    public init(over base: any StateReader) { self.base = base }

    public func read(_ key: StateKey) throws(StateFailure) -> [UInt8]? {
        let value = try base.read(key)
        if known.insert(key).inserted { answers.append((key, value)) }
        return value
    }
}
