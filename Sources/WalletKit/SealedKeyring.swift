public import Cryptography
public import INFTs
public import Primitives

/// Where an operation will stand: proofs about sealed keys are bound to it, since the ids of what it makes follow from the
/// transaction's hash, which covers the proofs.
public struct OperationPlace: Hashable, Sendable {
    /// The genesis hash.
    public let network: Hash
    public let sender: Address
    /// The transaction's number.
    public let sequence: UInt64

    public init(network: Hash, sender: Address, sequence: UInt64) {
        self.network = network
        self.sender = sender
        self.sequence = sequence
    }

    /// Stands for what operation `index` is about to make.
    func here(_ index: Int) -> Bytes32 {
        SealingStatement.madeHere(sender: sender, sequence: sequence, operationIndex: index)
    }
}

/// What a wallet does with sealed keys: makes them, opens them, hands them on. Each new secret is on disk before anything
/// that depends on it is signed.
public struct SealedKeyring: Sendable {
    private let secrets: SecretFiles
    private let network: Hash

    public init(secrets: SecretFiles, network: Hash) {
        self.secrets = secrets
        self.network = network
    }

    // MARK: Making

    /// Content that was encrypted here, sealed to a fresh key of its owner. `inft` is nil at a mint.
    public func content(
        _ kept: KeptContentSecret, inft: INFTID?, version: UInt64, owner: Party, at place: OperationPlace,
        operation index: Int
    ) throws(WalletFailure) -> SealedContent {
        let statement = SealingStatement(
            network: network, act: inft == nil ? .mint : .revise, inft: inft?.bytes ?? place.here(index),
            version: version, subject: place.here(index), from: owner, to: owner)
        let secret = try fresh(statement.act, inft: inft, license: nil)
        do {
            let (sealed, scalar) = try SealedKeys.seal(
                kept.point, to: secret.key, randomness: OperatingSystemRandom.bytes32())
            return SealedContent(
                root: kept.root, size: kept.size, mediaType: kept.mediaType, cipherSuite: .aes256GCMStream,
                keyCommitment: kept.keyCommitment, salt: kept.salt, sealingKey: secret.key, sealedKey: sealed,
                possession: possession(secret, statement),
                origin: try SealedKeys.proveOrigin(
                    scalar, of: sealed, to: secret.key, statement: statement,
                    randomness: OperatingSystemRandom.bytes32()))
        } catch {
            throw WalletFailure(.key, "the content key can't be sealed: \(error)")
        }
    }

    /// What a receiver of content brings: a fresh key, and that the ciphertext of this root was fetched.
    public func request(
        _ act: SealingAct, inft: INFTID, version: UInt64, root: Hash, receiver: Party, license: LicenseID? = nil,
        at place: OperationPlace, operation index: Int
    ) throws(WalletFailure) -> DeliveryRequest {
        let statement = SealingStatement(
            network: network, act: act, inft: inft.bytes, version: version, subject: place.here(index),
            from: receiver, to: receiver)
        let secret = try fresh(act, inft: inft, license: license)
        return DeliveryRequest(
            sealingKey: secret.key, possession: possession(secret, statement), fetchedRoot: root)
    }

    /// The same content key for a fresh key of the same owner; `inft` is nil for a clone, which has no id yet.
    public func resealing(
        _ custody: Custody, inft: INFTID?, version: UInt64, owner: Party, at place: OperationPlace,
        operation index: Int
    ) throws(WalletFailure) -> Resealing {
        let statement = SealingStatement(
            network: network, act: inft == nil ? .clone : .reseal, inft: inft?.bytes ?? place.here(index),
            version: version, subject: place.here(index), from: owner, to: owner)
        let secret = try fresh(statement.act, inft: inft, license: nil)
        let made = try deliver(
            custody, to: secret.key, statement: statement, randomness: OperatingSystemRandom.bytes32())
        return Resealing(
            sealingKey: secret.key, sealedKey: made.sealedKey, possession: possession(secret, statement),
            proof: made.proof)
    }

    private func fresh(
        _ purpose: SealingAct, inft: INFTID?, license: LicenseID?
    ) throws(WalletFailure) -> SealingSecret {
        guard let secret = SealingSecret(OperatingSystemRandom.bytes32()) else {
            // Once in 2^128.
            throw WalletFailure(.key, "the machine's random numbers gave no key", hint: "Repeat it.")
        }
        let kept = KeptSealingSecret(
            secret: secret, purpose: purpose, network: network, inft: inft, license: license, madeAt: WalletClock.now)
        try secrets.keep(.sealing(kept))
        return secret
    }

    private func possession(_ secret: SealingSecret, _ statement: SealingStatement) -> KeyProof {
        SealedKeys.provePossession(secret, statement: statement, randomness: OperatingSystemRandom.bytes32())
    }

    // MARK: Opening and handing on

    /// The content key of `custody`, if this wallet holds its secret and it is the one that the version committed to.
    public func open(_ custody: Custody, of content: SealedContent) throws(WalletFailure) -> ContentPoint {
        let secret = try secret(custody.sealingKey)
        do {
            return try SealedKeys.open(custody.sealedKey, with: secret)
        } catch {
            throw WalletFailure(.proofInvalid, "the sealed key can't be opened: \(error)")
        }
    }

    /// The delivery that follows from this randomness: the same whenever it is made.
    public func delivery(
        _ record: DeliveryRecord, from custody: Custody, by owner: Party, randomness: Bytes32
    ) throws(WalletFailure) -> SealedDelivery {
        guard let key = record.sealingKey else {
            throw WalletFailure(.usage, "the receiver has named no sealing key yet")
        }
        let statement = SealingStatement(
            network: network, act: record.act, inft: record.inft.bytes, version: record.version,
            subject: record.id.bytes, from: owner, to: record.to)
        return try deliver(custody, to: key, statement: statement, randomness: randomness)
    }

    private func deliver(
        _ custody: Custody, to key: CompressedPoint, statement: SealingStatement, randomness: Bytes32
    ) throws(WalletFailure) -> SealedDelivery {
        let secret = try secret(custody.sealingKey)
        do {
            return try SealedKeys.deliver(
                custody.sealedKey, from: secret, to: key, statement: statement, randomness: randomness)
        } catch {
            throw WalletFailure(.key, "the content key can't be delivered: \(error)")
        }
    }

    private func secret(_ key: CompressedPoint) throws(WalletFailure) -> SealingSecret {
        guard let kept = try secrets.sealing(key) else {
            throw WalletFailure(
                .key, "the secret of the sealing key \(Hexadecimal.encode(key.bytes)) is not in this wallet",
                hint: "Bring it from the wallet that made it: mednexus content secrets lists what is here.")
        }
        return kept.secret
    }

    /// After a mint is final: what is sealed to its owner opens the content, and nothing else need.
    public func forgetContent(_ root: Hash) throws(WalletFailure) { try secrets.shred(.content(root)) }
    public func forget(_ key: CompressedPoint) throws(WalletFailure) { try secrets.shred(.sealing(key)) }
    public func keptContent(_ root: Hash) throws(WalletFailure) -> KeptContentSecret? { try secrets.content(root) }
}
