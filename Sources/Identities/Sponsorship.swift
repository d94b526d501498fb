public import Encoding
public import Primitives
public import StateModel

/// What genesis sets, and governance may later change, about identities.
public struct IdentityParameters: CBORCodable, Codable, Hashable, Sendable {
    /// Accounts that one institution may sponsor.
    public let accountsPerSponsor: UInt64
    /// Bytes of state that the accounts of one institution may hold together.
    public let stateBytesPerSponsor: UInt64

    public init(accountsPerSponsor: UInt64, stateBytesPerSponsor: UInt64) {
        self.accountsPerSponsor = accountsPerSponsor
        self.stateBytesPerSponsor = stateBytesPerSponsor
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(accountsPerSponsor)
        writer.write(stateBytesPerSponsor)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("parameters", count: 2) { (reader) throws(EncodingFailure) in
            IdentityParameters(
                accountsPerSponsor: try reader.unsigned("accountsPerSponsor"),
                stateBytesPerSponsor: try reader.unsigned("stateBytesPerSponsor"))
        }
    }
}

/// What a sponsor answers for.
public struct SponsorRecord: CBORCodable, Codable, Hashable, Sendable {
    public var accounts: UInt64
    /// Bytes of keys and values that its accounts' transactions added, less what they removed.
    public var stateBytes: UInt64

    public init(accounts: UInt64 = 0, stateBytes: UInt64 = 0) {
        self.accounts = accounts
        self.stateBytes = stateBytes
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(accounts)
        writer.write(stateBytes)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("sponsor", count: 2) { (reader) throws(EncodingFailure) in
            SponsorRecord(accounts: try reader.unsigned("accounts"), stateBytes: try reader.unsigned("stateBytes"))
        }
    }
}

public enum Sponsorship {
    /// What ``admit(_:at:in:)`` weighs where the sponsor is an organization: its record, and whether it is enrolled.
    public static let admissionWeight = 4 + CredentialWeights.holds

    /// Who answers for a transaction of `sender` that is not made of reserved acts alone. Refused unless the account
    /// exists and its sponsor is still enrolled.
    public static func admit(
        _ sender: Address, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Party {
        guard let sponsor = try Parties.sponsor(of: sender, in: state) else {
            throw IdentityRejection.unknownAccount.at(
                "sender", "\(sender) is not registered",
                hint: "Ask an enrolled institution to sponsor the account.", retryable: true)
        }
        guard case .organization(let id) = sponsor else { return sponsor }
        guard try Organizations.isEnrolled(id, at: time, in: state) else {
            throw IdentityRejection.notEnrolled.at(
                "sender", "the account's sponsor \(id) is no longer an enrolled institution",
                hint: "Another institution can take the account over (identity.changeSponsor).")
        }
        return sponsor
    }

    /// Every state after genesis has them; their absence is damage.
    public static func parameters(in state: any StateReader) throws(Refusal) -> IdentityParameters {
        guard let parameters = try state.record(IdentityKeys.parameters) else {
            throw .failed(StateFailure("the state has no parameters of identities"))
        }
        return parameters
    }

    /// Other limits, from now on: who is above them already sponsors nobody new.
    public static func set(_ parameters: IdentityParameters, in state: StateOverlay) {
        state.set(IdentityKeys.parameters, parameters)
    }

    public static func record(_ sponsor: Party, in state: any StateReader) throws(Refusal) -> SponsorRecord {
        try state.record(IdentityKeys.sponsor(sponsor)) ?? SponsorRecord()
    }

    /// Counts what a transaction changes, its `overlay`, for its sponsor; the executor calls it once per transaction,
    /// after its operations. Sponsors' own records count for nothing: their size follows from the counting itself.
    ///
    /// - Parameter isLimited: refused above the network's quota; else only counted.
    public static func account(
        changesOf overlay: StateOverlay, to sponsor: Party, isLimited: Bool = true
    ) throws(Refusal) {
        let balance: (added: UInt64, removed: UInt64)
        do throws(StateFailure) {
            balance = try overlay.byteBalance { key in
                guard let header = key.header else { return true }
                return header.domain != .identities || header.kind != IdentityKeys.sponsorKind
            }
        } catch {
            throw .failed(error)
        }
        try account(added: balance.added, removed: balance.removed, to: sponsor, in: overlay, isLimited: isLimited)
    }

    /// Counts what a transaction added to the state, or took out of it, for its sponsor. Refused above the network's quota,
    /// unless the transaction frees bytes.
    public static func account(
        added: UInt64, removed: UInt64, to sponsor: Party, in state: StateOverlay, isLimited: Bool = true
    ) throws(Refusal) {
        guard added != removed else { return }
        var record = try record(sponsor, in: state)
        if added < removed {
            record.stateBytes -= min(record.stateBytes, removed - added)
        } else {
            let limit = try parameters(in: state).stateBytesPerSponsor
            guard let total = record.stateBytes.adding(added - removed), !isLimited || total <= limit else {
                throw IdentityRejection.sponsorStorageExhausted.at(
                    "sender", "\(sponsor) may hold \(limit) bytes of state and has \(record.stateBytes)",
                    hint: "Ask the sponsor to have its quota raised.", retryable: true)
            }
            record.stateBytes = total
        }
        state.set(IdentityKeys.sponsor(sponsor), record)
    }

    /// What the sponsor's record becomes with one account more; refused above the network's quota.
    static func withOneMore(
        _ sponsor: Party, field: String, in state: any StateReader
    ) throws(Refusal) -> SponsorRecord {
        var record = try record(sponsor, in: state)
        let limit = try parameters(in: state).accountsPerSponsor
        guard record.accounts < limit else {
            throw IdentityRejection.sponsorAccountsExhausted.at(
                field, "\(sponsor) sponsors \(record.accounts) accounts, the most that the network allows")
        }
        record.accounts += 1
        return record
    }
}
