internal import Storage

/// `mednexusd compact`: a stopped node's stores without their free pages.
package enum LedgerCompaction {
    package struct Saving: Sendable {
        package let name: String
        /// Bytes of its file, before and after.
        package let before: UInt64
        package let after: UInt64
    }

    /// - Parameter begins: told each store's name and the bytes that are to be written.
    package static func run(_ home: NodeHome, begins: (String, UInt64) -> Void) throws -> [Saving] {
        guard home.hasLedger else {
            throw NodeFailure(
                .configuration, "\(home.path) holds no ledger",
                hint: "Name the home of a node that ran, such as DEVNET/node-a.")
        }
        do throws(StorageFailure) {
            let opened = try Home.open(home.storageDirectory, needsRoom: false)
            return try Compaction.run(opened, begins: begins).map {
                Saving(name: $0.name, before: $0.before, after: $0.after)
            }
        } catch {
            throw NodeFailure(error)
        }
    }
}
