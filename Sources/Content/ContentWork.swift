internal import NIOPosix

/// Hashing and files are not for the threads of asynchronous code.
enum ContentWork {
    static func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(ContentStoreFailure) -> Value
    ) async throws(ContentStoreFailure) -> Value {
        let result: Result<Value, ContentStoreFailure>
        do {
            result = try await NIOThreadPool.singleton.runIfActive {
                do throws(ContentStoreFailure) {
                    return .success(try body())
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw .stopping
        }
        return try result.get()
    }
}
