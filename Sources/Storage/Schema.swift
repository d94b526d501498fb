internal import Primitives

/// The version of all that `Tables.swift` describes, and how a home of an older one is brought to it.
///
/// Each environment carries its own version, and is brought forward step by step when it is opened, a transaction each:
/// a kill between two steps is gone on from at the next start. The home's description follows last.
public struct SchemaPath: Sendable {
    /// What this build writes.
    package let current: UInt64
    /// The oldest that can be brought to it.
    package let oldest: UInt64
    /// By the version that it starts from and the environment's name. A version that changed nothing in an environment
    /// has no step there.
    let steps: [UInt64: [String: SchemaStep]]

    /// Versions 1 to 4 were of builds before the first release: the trie of 1 had pages where 2 has none, and its entries
    /// no leaf; in 2 every entry lay where the hash of its key alone told; in 3 each line of a statement was an entry of its
    /// own; by 4 what money out of a reserve was for stood in no event, and nobody could decline to deliver. So their roots,
    /// or what their blocks brought, are others, and there is no way from them: a network of them begins anew.
    public static let standard = SchemaPath(current: 5, oldest: 5, steps: [:])

    /// - Parameter steps: one entry for every version from `oldest` to below `current`.
    package init(current: UInt64, oldest: UInt64 = 1, steps: [UInt64: [String: SchemaStep]]) {
        precondition((1...current).contains(oldest), "a version is brought forward, never back")
        self.current = current
        self.oldest = oldest
        self.steps = steps
    }
}

extension SchemaPath {
    /// Refuses what this build can't read, and can't bring to what it can.
    func check(_ found: UInt64, of place: String) throws(StorageFailure) {
        guard found <= current else { throw .newerSchema(path: place, found: found, known: current) }
        guard found >= oldest else { throw .olderSchema(path: place, found: found, oldest: oldest) }
    }
}

/// What one version changes in one environment.
package struct SchemaStep: Sendable {
    typealias Body = @Sendable (LMDBEnvironment, borrowing WriteTransaction) throws(StorageFailure) -> Void
    let body: Body

    init(_ body: @escaping Body) { self.body = body }

    private static let batch = 1_024

    /// Every entry of a table gets a new value under its key.
    package static func rewriting(
        _ table: String, _ change: @escaping @Sendable ([UInt8], [UInt8]) throws(StorageFailure) -> [UInt8]
    ) -> SchemaStep {
        SchemaStep { (environment, transaction) throws(StorageFailure) in
            guard let index = environment.names.firstIndex(of: table) else {
                preconditionFailure("\(environment.path) has no table \(table)")
            }
            let handle = environment.tables[index]
            var last: [UInt8] = []
            var isAtEnd = false
            while !isAtEnd {
                var entries: [(key: [UInt8], value: [UInt8])] = []
                try unsafe transaction.walk(handle, from: last) { (key, value) throws(StorageFailure) in
                    let key = unsafe [UInt8](key)
                    if key == last { return true }
                    entries.append((key, unsafe [UInt8](value)))
                    return entries.count < batch
                }
                isAtEnd = entries.count < batch
                last = entries.last?.key ?? last
                for entry in entries { try transaction.put(handle, entry.key, try change(entry.key, entry.value)) }
            }
        }
    }
}

/// What an environment's table `meta` says of it.
enum Schema {
    static let current = SchemaPath.standard.current

    static let schemaKey = Array("schema".utf8)
    static let networkKey = Array("network".utf8)

    /// Stamps a new environment, and compares an old one. An older schema is brought to the current one; a newer one, and
    /// another network's, is refused.
    static func settle(
        _ environment: LMDBEnvironment, name: String, meta: LMDBTable, home: Home
    ) throws(StorageFailure) {
        let path = home.schema
        var found = try stamp(environment, meta: meta, home)
        while found < path.current {
            guard let steps = path.steps[found] else {
                throw .damaged(what: "\(environment.path) has schema \(found), which never was")
            }
            let transaction = try WriteTransaction(environment)
            if let step = steps[name] { try step.body(environment, transaction) }
            try transaction.put(meta, schemaKey, (found + 1).bigEndianBytes)
            try transaction.commit()
            found += 1
        }
    }

    /// The same comparison for an environment that is only read.
    static func check(
        _ environment: LMDBEnvironment, meta: LMDBTable, network: Hash
    ) throws(StorageFailure) {
        let transaction = try ReadTransaction(environment)
        let stored = try unsafe transaction.reads.get(meta, schemaKey) { unsafe [UInt8]($0) }
        let owner = try unsafe transaction.reads.get(meta, networkKey) { unsafe [UInt8]($0) }
        _ = try compare(environment.path, stored, owner, network: network, path: .standard)
    }

    private static func stamp(
        _ environment: LMDBEnvironment, meta: LMDBTable, _ home: Home
    ) throws(StorageFailure) -> UInt64 {
        let transaction = try WriteTransaction(environment)
        guard let stored = try transaction.get(meta, schemaKey) else {
            try transaction.put(meta, schemaKey, home.schema.current.bigEndianBytes)
            try transaction.put(meta, networkKey, home.network.bytes.array)
            try transaction.commit()
            return home.schema.current
        }
        return try compare(
            environment.path, stored, try transaction.get(meta, networkKey), network: home.network, path: home.schema)
    }

    private static func compare(
        _ place: String, _ stored: [UInt8]?, _ owner: [UInt8]?, network: Hash, path: SchemaPath
    ) throws(StorageFailure) -> UInt64 {
        guard let stored, stored.count == 8, let owner = owner.flatMap({ Bytes32($0) }) else {
            throw .damaged(what: "\(place) lacks its description")
        }
        let found = UInt64(bigEndianBytes: stored[...])
        try path.check(found, of: place)
        guard Hash(owner) == network else { throw .otherNetwork(path: place, found: Hash(owner), expected: network) }
        return found
    }
}
