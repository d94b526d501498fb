public import Encoding
import FoundationEssentials
public import Primitives
public import StateModel

/// 2026-01-01T00:00:00Z, where the ledgers of tests begin.
public let testStart = Timestamp(1_767_225_600_000)

public let millisecondsPerDay: UInt64 = 86_400_000

/// An address that differs for every name. No secret key is known for it: domains see addresses that have signed, and
/// never signatures.
public func testAddress(_ name: String) -> Address { Address(testBytes("address " + name)) }

/// An identifier that differs for every name.
public func testIdentifier<Kind>(_ name: String) -> Identifier<Kind> { Identifier(testBytes("identifier " + name)) }

public func testHash(_ name: String) -> Hash { Hash(testBytes("hash " + name)) }

private func testBytes(_ name: String) -> Bytes32 {
    // FNV-1a seeds the generator; tests need distinct bytes, not secure ones.
    var seed: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.utf8 { seed = (seed ^ UInt64(byte)) &* 0x100_0000_01b3 }
    var random = SeededRandom(seed: seed)
    return Bytes32(random.next(), random.next(), random.next(), random.next())
}

/// The context of one transaction, as the executor would make it. `cosigners` sign beside the sender.
public func makeContext(
    _ state: StateOverlay, sender: Address, sequence: UInt64 = 0, cosigners: [Address] = [],
    actingFor: OrganizationID? = nil,
    time: Timestamp = testStart, height: Height = Height(1), transaction: String = "transaction",
    operationIndex: Int = 0
) -> OperationContext {
    let context = OperationContext(
        block: BlockContext(
            network: testHash("network"), networkKind: .test, height: height, time: time),
        transactionHash: testHash(transaction), sender: sender, sequence: sequence,
        signers: Set(cosigners + [sender]).sorted(), actingFor: actingFor, state: state)
    context.operationIndex = operationIndex
    return context
}

/// What a query sees of `state` and `index`.
public func makeQueryContext(
    _ state: any StateReader, _ index: any IndexReader = MemoryIndex(), time: Timestamp = testStart,
    height: Height = Height(1)
) -> QueryContext {
    QueryContext(
        block: BlockContext(
            network: testHash("network"), networkKind: .test, height: height, time: time),
        blockHash: testHash("block"), state: state, index: index)
}

/// The reason (snake case) for which `body` is refused; nil if it is not.
public func reason(_ body: () throws -> Void) throws -> String? { try rejection(body)?.reason }

/// The refusal of `body`; nil if it is not refused. Any other error is thrown on.
public func rejection(_ body: () throws -> Void) throws -> Rejection? {
    do {
        try body()
        return nil
    } catch Refusal.rejected(let rejection) {
        return rejection
    }
}

/// How many inputs MEDNEXUS_FUZZ asks for at each decoder (`make fuzz`: a million); nil where it is not set.
public let hostileInputs: Int? = ProcessInfo.processInfo.environment["MEDNEXUS_FUZZ"].flatMap { Int($0) }

/// Decodes `count` random byte strings and `count` mutations of each sample; whatever decodes must encode to the very
/// bytes that it came from. Where MEDNEXUS_FUZZ is set, that many in all, half of them random. Returns how many decoded.
public func exerciseDecoder<Value: CBORCodable>(
    _ type: Value.Type, samples: [Value], count: Int, seed: UInt64
) -> (decoded: Int, mismatches: Int) {
    var random = SeededRandom(seed: seed)
    var decoded = 0
    var mismatches = 0
    func attempt(_ bytes: [UInt8]) {
        guard let value = try? Value(decoding: bytes) else { return }
        decoded += 1
        if value.encoded != bytes { mismatches += 1 }
    }
    let randomCount = hostileInputs.map { samples.isEmpty ? $0 : $0 / 2 } ?? count
    let sampleCount = hostileInputs.map { ($0 - randomCount) / max(samples.count, 1) + 1 } ?? count
    for _ in 0..<randomCount { attempt(random.bytes(Int.random(in: 0...80, using: &random))) }
    for sample in samples {
        let bytes = sample.encoded
        for _ in 0..<sampleCount { attempt(random.mutated(bytes)) }
    }
    return (decoded, mismatches)
}

/// Names nothing: what `words` look like where a wallet knows no names.
public struct PlainNames: NameResolver {
    public init() {}

    public func party(_ party: Party) -> String { party.description }
    public func amount(_ amount: Amount, of asset: AssetID) -> String { "\(amount) of \(asset)" }
    public func identifier(_ text: String) -> String { text }
    public func time(_ time: Timestamp) -> String { time.description }
}
