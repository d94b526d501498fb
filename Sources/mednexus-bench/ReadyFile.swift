import Foundation
import Interface

/// The file in which a server says on which port it listens.
enum ReadyFile {
    static func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
    }

    static func port(_ path: String) throws -> UInt64 {
        guard let port = try JSONParser.parse(try TemporaryFolder.read(path))["rpc"]?.unsigned else {
            throw BenchFailure("\(path) names no port")
        }
        return port
    }
}
