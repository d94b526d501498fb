public import Cryptography
public import Encoding
public import Primitives
public import StateModel

/// `key.rotate`: the sender's account takes another key, by the one it has, from this block on. Open recoveries are over:
/// who can do this has not lost its key.
public struct RotateKey: DomainOperation {
    public static let name = "key.rotate"

    public let key: Address
    /// The new key's signature of ``NewKeyStatement``.
    public let proof: Signature

    public init(key: Address, proof: Signature) {
        self.key = key
        self.proof = proof
    }

    public var weight: UInt64 { 10 + 4 * UInt64(5 + 3 * IdentityLimits.guardians) + AccountKeys.weight }

    public func check(in context: OperationContext) throws(Refusal) {
        guard let record = try Accounts.record(context.sender, in: context.state) else {
            throw IdentityRejection.unknownAccount.at("sender", "\(context.sender) is not registered")
        }
        try AccountKeys.requireNew(key, for: context.sender, record, proof: proof, in: context)
    }

    public func apply(_: Void, in context: OperationContext) throws(Refusal) {
        try Recoveries.end(of: context.sender, .superseded, in: context)
        try AccountKeys.replace(context.sender, by: key, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Let another key sign for your account from this operation on; the one you sign with now no longer can",
            "New key: \(names.party(.account(key)))",
            "What the account holds stays as it is, and its address too",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(key)
        writer.write(proof)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            RotateKey(key: try reader.value("key"), proof: try reader.value("proof"))
        }
    }
}
