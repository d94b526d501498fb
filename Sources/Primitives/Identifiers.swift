/// A digest. Equal hashes mean equal bytes; where a hash also names a thing, that is an ``Identifier``.
public struct Hash: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let bytes: Bytes32

    @inlinable public init(_ bytes: Bytes32) { self.bytes = bytes }

    public static let zero = Hash(.zero)

    @inlinable public static func < (left: Hash, right: Hash) -> Bool { left.bytes < right.bytes }
    public var description: String { bytes.description }
}

/// The x-only public key of an account, which is its address. Written `mnx1…` (BIP-350), `tmnx1…` on test networks.
///
/// The bytes are not known to be a point of the curve until a signature was verified with them.
public struct Address: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let bytes: Bytes32

    @inlinable public init(_ bytes: Bytes32) { self.bytes = bytes }

    @inlinable public static func < (left: Address, right: Address) -> Bool { left.bytes < right.bytes }
    public var description: String { TypedText.encode(bytes, kind: "") }
}

/// What an identifier names; its `name` follows `mnx` in the human-readable part of the identifier's text.
public protocol IdentifierKind: Sendable {
    static var name: String { get }
}

/// A 32-byte identifier of a thing made by a transaction: a tagged hash of (transaction hash, operation index),
/// or, for content-addressed things such as terms, of the content.
public struct Identifier<Kind: IdentifierKind>: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let bytes: Bytes32

    @inlinable public init(_ bytes: Bytes32) { self.bytes = bytes }

    @inlinable public static func < (left: Self, right: Self) -> Bool { left.bytes < right.bytes }
    public var description: String { TypedText.encode(bytes, kind: Kind.name) }
}

public enum OrganizationKind: IdentifierKind { public static let name = "org" }
public enum CredentialKind: IdentifierKind { public static let name = "cred" }
public enum INFTKind: IdentifierKind { public static let name = "inft" }
public enum ConsentKind: IdentifierKind { public static let name = "consent" }
public enum ConsentSetKind: IdentifierKind { public static let name = "set" }
public enum TermsKind: IdentifierKind { public static let name = "terms" }
public enum OfferKind: IdentifierKind { public static let name = "offer" }
public enum LicenseKind: IdentifierKind { public static let name = "lic" }
public enum AssetKind: IdentifierKind { public static let name = "asset" }
public enum ProposalKind: IdentifierKind { public static let name = "prop" }
public enum DeliveryKind: IdentifierKind { public static let name = "delivery" }
public enum DisputeKind: IdentifierKind { public static let name = "dispute" }
public enum ErasureKind: IdentifierKind { public static let name = "erasure" }
public enum RecallKind: IdentifierKind { public static let name = "recall" }
public enum DisclosureKind: IdentifierKind { public static let name = "disc" }
public enum MandateKind: IdentifierKind { public static let name = "mandate" }
public enum RecoveryKind: IdentifierKind { public static let name = "recov" }

public typealias OrganizationID = Identifier<OrganizationKind>
public typealias CredentialID = Identifier<CredentialKind>
public typealias INFTID = Identifier<INFTKind>
public typealias ConsentID = Identifier<ConsentKind>
public typealias ConsentSetID = Identifier<ConsentSetKind>
public typealias TermsID = Identifier<TermsKind>
public typealias OfferID = Identifier<OfferKind>
public typealias LicenseID = Identifier<LicenseKind>
public typealias AssetID = Identifier<AssetKind>
public typealias ProposalID = Identifier<ProposalKind>
public typealias DeliveryID = Identifier<DeliveryKind>
public typealias DisputeID = Identifier<DisputeKind>
/// Of an erasure receipt.
public typealias ErasureID = Identifier<ErasureKind>
/// Of the recall of an INFT.
public typealias RecallID = Identifier<RecallKind>
/// A release of data under consent.
public typealias DisclosureID = Identifier<DisclosureKind>
/// A party's leave that an account does certain acts for it.
public typealias MandateID = Identifier<MandateKind>
/// An attempt of guardians to give an account a new key.
public typealias RecoveryID = Identifier<RecoveryKind>

/// Who acts: an account, or an organization whose members and keys can change.
public enum Party: Hashable, Comparable, Sendable, CustomStringConvertible {
    case account(Address)
    case organization(OrganizationID)

    public static func < (left: Party, right: Party) -> Bool {
        switch (left, right) {
        case (.account(let one), .account(let other)): one < other
        case (.organization(let one), .organization(let other)): one < other
        case (.account, .organization): true
        case (.organization, .account): false
        }
    }

    public var description: String {
        switch self {
        case .account(let address): address.description
        case .organization(let id): id.description
        }
    }
}

/// Names a thing by its id, or by the index of an earlier operation of the same transaction that makes it.
public enum Reference<Kind: IdentifierKind>: Hashable, Sendable {
    case id(Identifier<Kind>)
    case operation(UInt16)
}
