internal import FoundationEssentials
internal import Primitives

/// A home that came from a backup. Whatever key is put into it may have signed after the backup was made, so only a guard
/// that was made here, and watches, lets it sign; one that was copied from elsewhere may know less than the key signed.
extension NodeHome {
    /// There until the home has a guard of its own.
    private var restoredFile: String { path + "/restored" }

    func markRestored(_ manifest: BackupManifest) throws {
        let text = "from a backup of block \(manifest.height)\n"
        try Self.write(text, to: restoredFile, mode: 0o644)
    }

    /// A guard that watches was made for the key in this home.
    func unmarkRestored() throws {
        guard FileManager.default.fileExists(atPath: restoredFile) else { return }
        do {
            try FileManager.default.removeItem(atPath: restoredFile)
        } catch {
            throw NodeFailure(.disk, "can't remove \(restoredFile)", hint: "Remove it by hand: the guard is made.")
        }
    }

    /// Also where restoring was interrupted and the home is made in another way.
    func refuseUnusedKeyWhereRestored() throws {
        guard FileManager.default.fileExists(atPath: restoredFile) else { return }
        throw NodeFailure(
            .signingGuard, "\(path) was restored from a backup: a key in it may have signed since",
            hint: "Say --key-history used, or make the home in another folder.")
    }

    func refuseForeignGuard(in guardDirectory: String) throws {
        guard let marker = try Self.read(restoredFile), try Self.read(guardDirectory + "/guard") != nil else { return }
        let text = String(decoding: marker.filter { $0 != 10 }.prefix(80), as: UTF8.self)
        throw NodeFailure(
            .signingGuard,
            "this home was restored \(text), and the signing guard in it was not made here: the key may have signed more",
            hint:
                "Move the folder \(guardDirectory) away, then: mednexusd keys recover-guard --home \(path) --no-other-copy"
        )
    }
}
