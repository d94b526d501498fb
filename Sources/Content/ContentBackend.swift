public import Primitives

/// Where whole blobs are kept. What it is given was verified; what it gives is verified again before anyone sees it.
///
/// Two blobs of one root are the same bytes, so every act may be repeated.
public protocol ContentBackend: Sendable {
    /// Every blob that is here whole, and every tombstone. What an interrupted act left is cleaned up.
    func open() async throws(ContentStoreFailure) -> (blobs: [BlobRecord], tombstones: [Tombstone])

    /// Takes a staged blob: durable on return, and whole or not there after a crash. `folder` has the files `data` and
    /// `tree` and is the backend's from now on.
    func publish(_ record: BlobRecord, from folder: String) async throws(ContentStoreFailure)

    /// Bytes of a blob's ciphertext.
    func data(of root: Hash, at offset: UInt64, count: Int) async throws(ContentStoreFailure) -> [UInt8]

    /// Bytes of its ``ContentTree``.
    func tree(of root: Hash, at offset: UInt64, count: Int) async throws(ContentStoreFailure) -> [UInt8]

    /// Gone on return, also after a crash.
    func remove(_ record: BlobRecord) async throws(ContentStoreFailure)

    /// Durable on return; before the blob it is of is removed.
    func bury(_ tombstone: Tombstone) async throws(ContentStoreFailure)

    /// Bytes that may still be stored; nil where nobody knows.
    func freeBytes() async throws(ContentStoreFailure) -> UInt64?
}
