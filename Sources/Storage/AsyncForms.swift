internal import Dispatch
public import Primitives
public import StateModel

/// Where callers in asynchronous code wait for the disk without holding one of its threads.
private let waiting = DispatchQueue(label: "mednexus.storage.waiting", attributes: .concurrent)

private func off<Value: Sendable>(
    _ body: @escaping @Sendable () throws(StorageFailure) -> Value
) async throws(StorageFailure) -> Value {
    let result = await withCheckedContinuation {
        (continuation: CheckedContinuation<Result<Value, StorageFailure>, Never>) in
        waiting.async {
            do throws(StorageFailure) {
                continuation.resume(returning: .success(try body()))
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
    }
    return try result.get()
}

extension BlockLog {
    public func append(_ entries: [LoggedBlock]) async throws(StorageFailure) {
        try await off { () throws(StorageFailure) in try self.append(entries) }
    }

    public func storeBody(hash: Hash, height: Height, block: [UInt8]) async throws(StorageFailure) {
        try await off { () throws(StorageFailure) in try self.storeBody(hash: hash, height: height, block: block) }
    }
}

extension StateStore {
    public func push(_ layer: StateLayer) async throws(StorageFailure) {
        try await off { () throws(StorageFailure) in try self.push(layer) }
    }

    public func checkpoint() async throws(StorageFailure) {
        try await off { () throws(StorageFailure) in try self.checkpoint() }
    }
}
