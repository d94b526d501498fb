internal import Blocks
internal import Cryptography
internal import FoundationEssentials
internal import Primitives
internal import Storage

/// `mednexusd backup` and `restore`: a home's block log, state, settings and genesis, copied while the node runs. Never
/// in it: keys, the signing guard, the vote journal, addresses of peers, waiting transactions.
package enum Backup {
    /// Bytes done, of so many.
    package typealias Progress = (UInt64, UInt64) -> Void

    private static let stores = StoreCopy.files.map { "ledger/" + $0 }
    /// What a backup may hold, and a restored home gets; in this order.
    private static let paths = ["config.toml"] + stores + ["genesis.json"]

    /// Makes the folder `target`, which must not be there, a backup of a home whose node runs or not.
    package static func make(of home: NodeHome, in target: String, progress: Progress) throws -> BackupManifest {
        guard home.exists, home.hasLedger else {
            throw NodeFailure(
                .configuration, "\(home.path) holds no ledger",
                hint: "Name the home of a node that ran, such as DEVNET/node-a.")
        }
        return try making(target) {
            try FileTransfer.makeFolder(target + "/ledger")
            let content = try StoreCopy.copy(
                home: home.storageDirectory, to: target + "/ledger", progress: progress)
            guard content.network == (try home.genesis().hash) else {
                throw NodeFailure(.configuration, "\(home.path): ledger and genesis.json are of different networks")
            }
            for file in [home.configurationFile, home.genesisFile]
            where FileManager.default.fileExists(atPath: file) {
                _ = try FileTransfer.read(file, copyingTo: target + "/" + (file.split(separator: "/").last ?? ""))
            }
            let files = try paths.filter { FileManager.default.fileExists(atPath: target + "/" + $0) }.map { path in
                let (hash, bytes) = try FileTransfer.read(target + "/" + path)
                return BackupManifest.File(path: path, bytes: bytes, hash: hash)
            }
            let manifest = BackupManifest(
                program: NodeVersion.text, schema: content.schema, network: content.network,
                height: content.tip.height, lowestBlock: content.lowestBlock, checkpoint: content.checkpoint,
                files: files)
            for folder in ["/ledger", ""] { try FileTransfer.synchronizeFolder(target + folder) }
            // Last, since its presence is what makes the folder a backup.
            try NodeHome.write(manifest.text, to: target + "/" + BackupManifest.name, mode: 0o600)
            return manifest
        }
    }

    /// Makes `home`, which must not be there, a home of the backup's network with its ledger, and without any key but
    /// those given.
    ///
    /// - Parameters:
    ///   - validatorKey: a file with 64 hexadecimal digits. The key may have signed since the backup was made, whatever
    ///     anyone says: it gets a guard that watches an epoch.
    ///   - transportKey: likewise; drawn anew if nil.
    package static func restore(
        from source: String, to home: NodeHome, validatorKey: SecretKeyBytes?, transportKey: SecretKeyBytes?,
        progress: Progress
    ) throws -> BackupManifest {
        let manifest = try BackupManifest.read(in: source)
        try check(manifest, source)
        return try making(home.path) {
            let total = manifest.files.reduce(0) { $0 + $1.bytes }
            let needed = total + Home.minimumFreeBytes
            if let free = Doctor.freeBytes(home.path), free < needed {
                throw NodeFailure(StorageFailure.noRoom(path: home.path, needed: needed, free: free))
            }
            for folder in ["/ledger", "/ledger/log", "/ledger/state"] {
                try FileTransfer.makeFolder(home.path + folder)
            }
            var done: UInt64 = 0
            for file in manifest.files where file.path != "genesis.json" {
                try take(file, source, home.path + "/" + file.path) {
                    done += $0
                    progress(done, total)
                }
            }
            let content = try StoreCopy.examine(home.storageDirectory)
            guard content.network == manifest.network, content.tip.height == manifest.height,
                content.checkpoint == manifest.checkpoint
            else { throw NodeFailure(.corruption, "the ledger of \(source) is not the one that its manifest tells of") }
            for file in manifest.files where file.path == "genesis.json" {
                try take(file, source, nil) { _ in }
            }
            let genesis = try GenesisFile.read(source + "/genesis.json")
            guard genesis.hash == manifest.network else {
                throw NodeFailure(.corruption, "\(source)/genesis.json is of another network than the ledger")
            }
            try home.markRestored(manifest)
            if let validatorKey {
                try NodeHome.writeKey(validatorKey.bytes, to: home.validatorKeyFile)
                try home.createGuard(
                    network: manifest.network, key: try NodeHome.address(of: validatorKey.bytes), .used)
            }
            if let transportKey { try NodeHome.writeKey(transportKey.bytes, to: home.transportKeyFile) }
            _ = try home.makeKeys(validator: false)
            for folder in ["/ledger/log", "/ledger/state", "/ledger"] {
                try FileTransfer.synchronizeFolder(home.path + folder)
            }
            // Last, since its presence is what makes the folder a home.
            for file in manifest.files where file.path == "genesis.json" {
                try take(file, source, home.path + "/" + file.path) { _ in }
            }
            try FileTransfer.synchronizeFolder(home.path)
            return manifest
        }
    }

    private static func check(_ manifest: BackupManifest, _ source: String) throws {
        let named = manifest.files.map(\.path)
        guard Set(named).count == named.count, Set(named).isSubset(of: paths),
            Set(stores + ["genesis.json"]).isSubset(of: named)
        else {
            throw NodeFailure(
                .corruption,
                "\(source)/\(BackupManifest.name) names \(named.joined(separator: ", ")), not a home's files")
        }
    }

    private static func take(
        _ file: BackupManifest.File, _ source: String, _ target: String?, progress: (UInt64) throws -> Void
    ) throws {
        let path = source + "/" + file.path
        let (hash, bytes) = try FileTransfer.read(path, copyingTo: target, progress: progress)
        guard hash == file.hash, bytes == file.bytes else {
            throw NodeFailure(
                .corruption, "\(path) is damaged: its \(bytes) bytes are not those of the manifest",
                hint: "Take another backup. Nothing was restored.")
        }
    }

    /// Makes a folder and fills it; after a failure nothing of it stays.
    private static func making<Value>(_ folder: String, _ fill: () throws -> Value) throws -> Value {
        try FileTransfer.makeFolder(folder)
        do {
            return try fill()
        } catch {
            try? FileManager.default.removeItem(atPath: folder)
            if let failure = error as? StorageFailure { throw NodeFailure(failure) }
            throw error
        }
    }
}
