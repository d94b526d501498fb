internal import Blocks
internal import Content
package import Primitives

/// The content store of a home as its operator looks at it.
package enum ContentTools {
    package struct Blob: Sendable {
        package let root: Hash
        package let size: UInt64
        /// Whose quota it is counted against; nil for a copy of what a peer holds.
        package let party: String?
        package let storedAt: Timestamp
    }

    package struct Listing: Sendable {
        package let folder: String
        /// By root.
        package let blobs: [Blob]
        /// Roots that were erased, and their receipts.
        package let erased: [(root: Hash, receipt: String, time: Timestamp)]
    }

    private static func place(_ home: NodeHome, _ configuration: Configuration) throws -> ContentPlace {
        guard let place = try ContentPlace(home: home, configuration: configuration) else {
            throw NodeFailure(
                .configuration, "\(home.path) has no content store", hint: "Set content.backend in config.toml.")
        }
        return place
    }

    private static func records(_ place: ContentPlace) async throws -> (blobs: [BlobRecord], tombstones: [Tombstone]) {
        do throws(ContentStoreFailure) {
            guard place.isOnDisk else { return try await place.backend.open() }
            return (try ContentFolder.blobs(in: place.folder), try ContentFolder.tombstones(in: place.folder))
        } catch {
            throw NodeFailure(error)
        }
    }

    /// Where it is, and how much; nil without a store. Of an object storage, and where it can't be read, only where.
    package struct Holding: Sendable {
        package let place: String
        package let blobs: Int?
        package let bytes: UInt64
    }

    package static func holding(_ home: NodeHome, _ configuration: Configuration) -> Holding? {
        switch configuration.text("content.backend") {
        case "none": return nil
        case "disk":
            let folder = ContentPlace.folder(home, configuration)
            let blobs = try? ContentFolder.blobs(in: folder)
            return Holding(place: folder, blobs: blobs?.count, bytes: blobs?.reduce(0) { $0 + $1.size } ?? 0)
        default:
            return Holding(place: "the bucket \(configuration.text("content.s3-bucket"))", blobs: nil, bytes: 0)
        }
    }

    /// What is stored; the node may run.
    package static func list(_ home: NodeHome, _ configuration: Configuration) async throws -> Listing {
        let place = try place(home, configuration)
        let kind = try home.genesis().kind.networkKind
        let (blobs, tombstones) = try await records(place)
        return Listing(
            folder: place.folder,
            blobs: blobs.sorted { $0.root < $1.root }.map { blob in
                Blob(
                    root: blob.root, size: blob.size,
                    party: blob.party.map { TypedText.localized($0.description, network: kind) },
                    storedAt: blob.storedAt)
            }, erased: tombstones.sorted { $0.root < $1.root }.map { ($0.root, "\($0.receipt)", $0.time) })
    }

    /// Reads every byte of every blob, or of one; the node may run. What is wrong with each that is damaged.
    ///
    /// - Parameter progress: bytes done, of so many; throws to give up.
    package static func verify(
        _ home: NodeHome, _ configuration: Configuration, root: Hash?, progress: (UInt64, UInt64) throws -> Void
    ) async throws -> (count: Int, damaged: [(root: Hash, damage: String)]) {
        let place = try place(home, configuration)
        let blobs = try await records(place).blobs.filter { root == nil || $0.root == root }
        if let root, blobs.isEmpty { throw NodeFailure(.usage, "\(root) is not in \(place.folder)") }
        let all = blobs.reduce(0) { $0 + $1.size }
        var done: UInt64 = 0
        var damaged: [(root: Hash, damage: String)] = []
        for blob in blobs {
            try progress(done, all)
            let finding = await ContentStore.verify(blob, in: place.backend)
            if let damage = finding.damage { damaged.append((blob.root, damage)) }
            done += blob.size
        }
        return (blobs.count, damaged)
    }

    package struct Collection: Sendable {
        package let removed: [Hash]
        package let erased: [Hash]
        package let abandonedUploads: Int
    }

    /// Removes what may go, as the running node does every ten minutes; the node must be stopped.
    package static func collect(_ home: NodeHome, _ configuration: Configuration) async throws -> Collection {
        let place = try place(home, configuration)
        let ledger = try Ledger.open(home, mapGibibytes: configuration.number("storage.map-gibibytes"))
        let rules = ContentLedger(ledger: ledger, uploaders: ContentLedger.Uploaders([]))
        let store = try await place.open(configuration)
        do throws(ContentStoreFailure) {
            let report = try await store.collect { try rules.reference($0) }
            return Collection(
                removed: report.removed.map(\.root), erased: report.erased.map(\.root),
                abandonedUploads: report.abandoned)
        } catch {
            throw NodeFailure(error)
        }
    }

    package struct LogReport: Sendable {
        package let folder: String
        package let files: Int
        package let lines: UInt64
        package let firstLine: UInt64
        /// Of the last line; what to note down.
        package let lastLine: UInt64
        package let lastHash: Hash
        package let isTorn: Bool
    }

    /// Reads the access log from end to end and checks its chain; the node may run.
    ///
    /// - Parameters:
    ///   - known: a line's number and hash, noted earlier.
    ///   - each: gets every line.
    package static func verifyLog(
        _ home: NodeHome, _ configuration: Configuration, known: (line: UInt64, hash: Hash)?, each: (String) -> Void
    ) throws -> LogReport {
        let folder = try place(home, configuration).folder + "/access"
        do throws(ContentStoreFailure) {
            let report = try AccessLogFiles.verify(folder, known: known.map { ($0.line, $0.hash) }, each: each)
            return LogReport(
                folder: folder, files: report.files, lines: report.lines, firstLine: report.start.next,
                lastLine: report.end.next - 1, lastHash: report.end.hash, isTorn: report.isTorn)
        } catch .absent {
            throw NodeFailure(.failure, "\(folder) has no access log yet")
        } catch {
            throw NodeFailure(
                .corruption, "\(error)", hint: "Keep the folder as evidence, and say who could write to it.")
        }
    }
}
