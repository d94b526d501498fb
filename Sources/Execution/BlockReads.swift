internal import Primitives
internal import StateModel

/// What a block has read of the state under it. Rules, accounting of state bytes, conservation and indexes ask for the
/// same old records; each is fetched from the store once. It grows with the block's weight and ends with the block.
final class BlockReads: StateReader {
    private let base: any StateReader
    private var values: [StateKey: [UInt8]?] = [:]

    /// - Parameter expected: about how many keys will be asked for.
    init(of base: any StateReader, reserving expected: Int) {
        self.base = base
        values.reserveCapacity(expected)
    }

    func read(_ key: StateKey) throws(StateFailure) -> [UInt8]? {
        if let known = values[key] { return known }
        let value = try base.read(key)
        values[key] = .some(value)
        return value
    }
}
