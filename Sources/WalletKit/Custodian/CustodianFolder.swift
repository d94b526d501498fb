internal import Cryptography
public import Custodian
internal import FoundationEssentials
internal import Interface
public import Primitives

/// What a custodian keeps of one network, inside the wallet's home:
///
///     custodian/NETWORK/policy.json    what it does by itself (Specs/custodian.md)
///                       journal        what it must not forget
///                       lock           held while it runs
///                       inbox/         what people tell it, a file each; removed once it is in the journal
public struct CustodianFolder: Sendable {
    public let path: String
    private let network: PinnedNetwork

    public init(home: WalletHome, network: PinnedNetwork) {
        path = home.path + "/custodian/" + network.genesis.description
        self.network = network
    }

    var journalPath: String { path + "/journal" }
    public var policyPath: String { path + "/policy.json" }
    var inboxPath: String { path + "/inbox" }

    /// One custodian at a time works with a journal.
    func lock() throws(WalletFailure) -> HomeLock {
        try DurableFile.makeFolder(inboxPath)
        return try HomeLock(path + "/lock")
    }

    // MARK: Policy

    public func policy() throws(WalletFailure) -> CustodianPolicy {
        guard let bytes = try DurableFile.contents(policyPath) else {
            throw WalletFailure(
                .usage, "there is no policy at \(policyPath)",
                hint: "Say whom the custodian serves: {\"owners\": [\"…\"]}. Specs/custodian.md lists the rest.")
        }
        let policy: CustodianPolicy
        do {
            policy = try JSONValueDecoder.decode(
                CustodianPolicy.self, from: try JSONParser.parse(bytes), networkKind: network.kind)
        } catch {
            throw WalletFailure(
                .usage, "\(policyPath): \(error)", hint: "Specs/custodian.md lists what a policy may say.")
        }
        if let (field, message) = policy.defect {
            throw WalletFailure(
                .usage, "\(policyPath): \(field): \(message)", hint: "Specs/custodian.md lists what a policy may say.")
        }
        return policy
    }

    // MARK: Inbox

    /// What a person said.
    enum Message {
        case decided(DeliveryID, HumanDecision)
        /// What rested on the consent is destroyed.
        case erased(ConsentID)
        /// The JSON of a `consent.disclose`.
        case disclosure(Hash, ByteString)
    }

    private struct Decision: Codable {
        let delivery: DeliveryID
        let decision: HumanDecision
    }

    private static let requestTag = HashTag("mednexus/custodian/request")
    static let maximumRequestBytes = 60 * 1024

    /// Leaves a decision for the custodian, which may be running or not.
    public func decide(_ delivery: DeliveryID, _ decision: HumanDecision) throws(WalletFailure) {
        let bytes: [UInt8]
        do {
            bytes = try JSONValueEncoder.encode(
                Decision(delivery: delivery, decision: decision), networkKind: network.kind
            ).serialized
        } catch {
            throw WalletFailure(.usage, "\(error)")
        }
        try leave(bytes, name: "\(Hexadecimal.encode(delivery.bytes.array)).decision")
    }

    /// Leaves word that what rested on a consent is destroyed.
    public func erased(_ consent: ConsentID) throws(WalletFailure) {
        try leave(consent.bytes.array, name: "\(Hexadecimal.encode(consent.bytes.array)).erased")
    }

    /// Leaves the request to record a direct release: the JSON of a `consent.disclose`. Returns the hash that names it;
    /// the same request counts once.
    public func request(disclosure bytes: [UInt8]) throws(WalletFailure) -> Hash {
        guard bytes.count <= Self.maximumRequestBytes else {
            throw WalletFailure(.usage, "the request has more than \(Self.maximumRequestBytes) bytes")
        }
        let hash = Self.requestTag.hash(bytes)
        try leave(bytes, name: "\(hash).disclosure")
        return hash
    }

    private func leave(_ bytes: [UInt8], name: String) throws(WalletFailure) {
        try DurableFile.makeFolder(inboxPath)
        try DurableFile.replace(bytes, at: "\(inboxPath)/\(name)")
    }

    /// What is in the inbox, by file. What is none of ours, or half written, stays where it is and is named once.
    func messages() throws(WalletFailure) -> (messages: [(path: String, message: Message)], refused: [String]) {
        var messages: [(path: String, message: Message)] = []
        var refused: [String] = []
        for name in DurableFile.list(inboxPath).prefix(1_000) where !name.hasSuffix(".new") {
            let path = "\(inboxPath)/\(name)"
            guard let bytes = try DurableFile.contents(path) else { continue }
            if name.hasSuffix(".decision"), bytes.count <= Self.maximumRequestBytes,
                let json = try? JSONParser.parse(bytes),
                let decision = try? JSONValueDecoder.decode(Decision.self, from: json, networkKind: network.kind)
            {
                messages.append((path, .decided(decision.delivery, decision.decision)))
            } else if name.hasSuffix(".erased"), let id = Bytes32(bytes) {
                messages.append((path, .erased(ConsentID(id))))
            } else if name.hasSuffix(".disclosure"), bytes.count <= Self.maximumRequestBytes {
                messages.append((path, .disclosure(Self.requestTag.hash(bytes), ByteString(bytes))))
            } else {
                refused.append(path)
            }
        }
        return (messages, refused)
    }

    // MARK: Reading

    /// What is open, as the journal says; also while a custodian runs.
    public func status(account: Address) throws(WalletFailure) -> CustodianStatus {
        let bytes = try DurableFile.contents(journalPath)
        guard let bytes else {
            throw WalletFailure(
                .usage, "no custodian has run here on \(network.name)", hint: "Start it: mednexus custodian run.")
        }
        let records = try CustodianJournalFile.records(
            bytes, path: journalPath, network: network.genesis, account: account
        ).records
        let start = EventPosition(height: .genesis, index: 0)
        return CustodianCore(policy: CustodianPolicy(owners: []), start: start, records: records).status
    }
}
