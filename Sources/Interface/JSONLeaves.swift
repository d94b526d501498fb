internal import Primitives

/// The values that answers hold most of, written without asking them: their bytes lie in the value as the type lays them
/// out, and their text is what their `encode(to:)` makes. Which type is meant is one look-up by its identity.
struct JSONLeaves: Sendable {
    private enum Leaf {
        case text, hash, byteString, amount, party, parts
        /// An address or an id: 32 bytes and nothing else.
        case typed(TypedPrefix)
        /// A 64-bit number and nothing else.
        case number
    }

    private let leaves: [ObjectIdentifier: Leaf]
    private let address: TypedPrefix
    private let organization: TypedPrefix

    private static let main = JSONLeaves(.main)
    private static let test = JSONLeaves(.test)

    static func of(_ networkKind: NetworkKind) -> JSONLeaves { networkKind == .main ? main : test }

    private init(_ network: NetworkKind) {
        address = TypedPrefix(kind: "", network: network)
        organization = TypedPrefix(kind: OrganizationKind.name, network: network)
        var leaves: [ObjectIdentifier: Leaf] = [
            ObjectIdentifier(String.self): .text, ObjectIdentifier(Hash.self): .hash,
            ObjectIdentifier(ByteString.self): .byteString, ObjectIdentifier(Amount.self): .amount,
            ObjectIdentifier(Party.self): .party, ObjectIdentifier(PartsPerMillion.self): .parts,
            ObjectIdentifier(UInt64.self): .number, ObjectIdentifier(Height.self): .number,
            ObjectIdentifier(Timestamp.self): .number, ObjectIdentifier(Address.self): .typed(address),
        ]
        func add<Kind: IdentifierKind>(_ kind: Kind.Type) {
            leaves[ObjectIdentifier(Identifier<Kind>.self)] = .typed(TypedPrefix(kind: Kind.name, network: network))
        }
        add(OrganizationKind.self)
        add(CredentialKind.self)
        add(INFTKind.self)
        add(ConsentKind.self)
        add(ConsentSetKind.self)
        add(TermsKind.self)
        add(OfferKind.self)
        add(LicenseKind.self)
        add(AssetKind.self)
        add(ProposalKind.self)
        add(DeliveryKind.self)
        add(DisputeKind.self)
        add(ErasureKind.self)
        add(RecallKind.self)
        add(DisclosureKind.self)
        add(MandateKind.self)
        add(RecoveryKind.self)
        self.leaves = leaves
    }

    /// False, and nothing written, for every other type.
    func write<Value>(_ value: Value, to bytes: inout [UInt8]) -> Bool {
        guard let leaf = leaves[ObjectIdentifier(Value.self)] else { return false }
        let quote = UInt8(ascii: "\"")
        // Each leaf was registered for types that consist of just what is taken out of them here.
        switch leaf {
        case .text: JSONValue.serialize(unsafe unsafeBitCast(value, to: String.self), into: &bytes)
        case .number: JSONValue.serialize(unsafe unsafeBitCast(value, to: UInt64.self), into: &bytes)
        case .parts:
            JSONValue.serialize(UInt64(unsafe unsafeBitCast(value, to: PartsPerMillion.self).parts), into: &bytes)
        case .typed(let prefix):
            bytes.append(quote)
            prefix.append(unsafe unsafeBitCast(value, to: Bytes32.self), to: &bytes)
            bytes.append(quote)
        case .hash:
            bytes.append(quote)
            Hexadecimal.append(unsafe unsafeBitCast(value, to: Bytes32.self), to: &bytes)
            bytes.append(quote)
        case .byteString:
            bytes.append(quote)
            Hexadecimal.append(unsafe unsafeBitCast(value, to: ByteString.self).bytes, to: &bytes)
            bytes.append(quote)
        case .amount:
            bytes.append(quote)
            JSONValue.serialize(unsafe unsafeBitCast(value, to: UInt64.self), into: &bytes)
            bytes.append(quote)
        case .party:
            bytes.append(quote)
            switch unsafe unsafeBitCast(value, to: Party.self) {
            case .account(let account): address.append(account.bytes, to: &bytes)
            case .organization(let id): organization.append(id.bytes, to: &bytes)
            }
            bytes.append(quote)
        }
        return true
    }
}
