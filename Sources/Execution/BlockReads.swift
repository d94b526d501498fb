internal import Primitives
internal import StateModel

/// What a block has read of the state under it. Rules, accounting of state bytes, conservation and indexes ask for the
/// same old records; each is fetched from the store once. It grows with the block's weight and ends with the block.
final class BlockReads: StateReader {
    private let base: any StateReader
    private var values: [StateKey: [UInt8]?] = [:]

    init(of base: any StateReader) { self.base = base }

    func read(_ key: StateKey) throws(StateFailure) -> [UInt8]? {
        if let known = values[key] { return known }
        let value = try base.read(key)
        values[key] = .some(value)
        return value
    }
}
