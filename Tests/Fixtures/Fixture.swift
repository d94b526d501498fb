import FoundationEssentials
public import Primitives

/// Published vectors, re-expressed in Specs/vectors as `{source, license, …}`, and the large sets that are not part of
/// the repository.
public enum Fixture {
    /// Reads Specs/vectors/`name`.json of this repository.
    public static func load<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = root.appending(path: "Specs/vectors/\(name).json")
        return try JSONDecoder().decode(type, from: Data(contentsOf: file))
    }

    /// Where the large published sets lie: the folder named by MEDNEXUS_CONFORMANCE, with `vectors/wycheproof/…` in it.
    /// Without it the tests that read them are reported as skipped; `MEDNEXUS_CONFORMANCE=<folder> swift test` runs them.
    public static var conformanceFolder: String? {
        let folder = ProcessInfo.processInfo.environment["MEDNEXUS_CONFORMANCE"]
        return folder?.isEmpty == false ? folder : nil
    }

    /// Reads a file of the conformance folder; a file that is not there is an error.
    public static func loadConformance<Value: Decodable>(
        _ path: String, as type: Value.Type = Value.self
    ) throws -> Value {
        let folder = conformanceFolder ?? ""
        return try JSONDecoder().decode(type, from: Data(contentsOf: URL(filePath: folder + "/vectors/" + path)))
    }
}

/// A small generator whose whole history follows from its seed (SplitMix64).
public struct FixtureRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    public mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    public mutating func bytes32() -> Bytes32 { Bytes32(next(), next(), next(), next()) }
}

extension String {
    /// The bytes behind lower-case hexadecimal; traps on anything else, since fixtures are ours.
    public var hexadecimalBytes: [UInt8] {
        guard let bytes = Hexadecimal.decode(self) else { preconditionFailure("not hexadecimal: \(self)") }
        return bytes
    }
}
