internal import Blocks
internal import Encoding
internal import Execution
public import Interface
public import Primitives
public import Proofs

/// Proofs in files, and what a person trusts when one is verified.
public enum ProofFile {
    public static func read(_ path: String) throws(WalletFailure) -> Proof {
        let bytes: [UInt8]?
        do throws(WalletFailure) {
            bytes = try DurableFile.contents(path)
        } catch {
            // What is no proof for its size alone is one like any other that is none.
            throw WalletFailure(error.kind == .usage ? .proofInvalid : error.kind, error.message, hint: error.hint)
        }
        guard let bytes else { throw WalletFailure(.usage, "there is no file \(path)") }
        return try decode(bytes, from: path)
    }

    public static func decode(_ bytes: [UInt8], from source: String) throws(WalletFailure) -> Proof {
        do throws(EncodingFailure) {
            return try Proof(decoding: bytes)
        } catch {
            throw WalletFailure(.proofInvalid, "\(source) holds no proof: \(error)")
        }
    }

    /// Evidence is never overwritten: a file that is there is refused.
    public static func refuse(existing path: String) throws(WalletFailure) {
        try DurableFile.refuseStandardOutput(path)
        guard try DurableFile.contents(path) == nil else {
            throw WalletFailure(.usage, "\(path) is there already", hint: "Name another file for the new proof.")
        }
    }

    public static func write(_ proof: Proof, to path: String) throws(WalletFailure) {
        try DurableFile.replace(proof.encoded, at: path)
    }

    /// The genesis block of a `genesis.json`, as what is trusted.
    public static func checkpoint(genesisFile path: String) throws(WalletFailure) -> Checkpoint {
        do {
            let json = try JSONParser.parse(try ContentFile.text(path))
            let kind: NetworkKind = json["kind"]?.string == "main" ? .main : .test
            let genesis = try JSONValueDecoder.decode(Genesis.self, from: json, networkKind: kind)
            let block = try GenesisExecutor.execute(genesis).block
            return Checkpoint(network: genesis.hash, height: .genesis, blockHash: block.hash)
        } catch let failure as WalletFailure {
            throw failure
        } catch {
            throw WalletFailure(.usage, "\(path) is no genesis document: \(error)")
        }
    }

    /// What a proven transaction did, as the RPC shows events.
    public static func events(
        of inclusion: TransactionInclusion, _ kind: NetworkKind
    ) throws(WalletFailure) -> [JSONValue] {
        do {
            return try inclusion.receipt.events.map { try DomainDispatch.event($0).json(kind) }
        } catch {
            throw WalletFailure(.proofInvalid, "an event of the proven receipt does not decode: \(error)")
        }
    }

    /// What `proof` proves, or why it proves nothing.
    public static func verify(_ proof: Proof, trusting checkpoint: Checkpoint) throws(WalletFailure) -> VerifiedProof {
        let first = proof.chain.checkpoint
        guard first.height == checkpoint.height, first.hash == checkpoint.blockHash else {
            throw WalletFailure(
                .proofInvalid,
                "the proof begins at block \(first.height) \(first.hash), and what is trusted is block"
                    + " \(checkpoint.height) \(checkpoint.blockHash)",
                hint:
                    "If you trust the block that it begins at, say so: --checkpoint \(first.height):\(first.hash). Else"
                    + " ask for a proof from the block that you trust. (Block 0's hash is not the genesis hash.)")
        }
        do throws(ProofFailure) {
            return try proof.verify(trusting: checkpoint)
        } catch {
            throw WalletFailure(.proofInvalid, "the proof is invalid: \(error)")
        }
    }

    /// Refuses what is older than the proof allows and, if given, `limit` milliseconds.
    ///
    /// - Parameter now: what the proof's network takes for now: ``PinnedNetwork/now``.
    public static func checkAge(
        _ verified: VerifiedProof, of proof: Proof, limit: UInt64?, at now: Timestamp
    ) throws(WalletFailure) {
        do throws(ProofFailure) {
            try verified.checkAge(at: now, limit: limit ?? proof.maximumAge)
        } catch {
            let isOfTheFuture = verified.header.time > now
            throw WalletFailure(
                .proofInvalid, "the proof is valid, and \(isOfTheFuture ? "of the future" : "too old"): \(error)",
                hint: isOfTheFuture
                    ? "Set this machine's clock if it is wrong. A local network's may be ahead (mednexusd devnet advance):"
                        + " the wallet in its folder knows by how much, any other takes --max-age any."
                    : "Get a new one, or say what age will do: --max-age 30d, or --max-age any for what was true then.")
        }
    }

    /// `12 s ago`, by the clock of its network; and where that clock is not the machine's, so much.
    public static func age(of time: Timestamp, at now: Timestamp, clockAhead: UInt64 = 0) -> String {
        let (block, clock) = (time.milliseconds, now.milliseconds)
        guard block < clock + 1000 else {
            return "\(DurationText.words(milliseconds: block - clock)) ahead of this machine's clock"
        }
        let age = "\((clock > block ? clock - block : 0) / 1000) s ago"
        guard clockAhead > 0 else { return age }
        let ahead = DurationText.words(milliseconds: clockAhead)
        return age + " by the network's clock, which is \(ahead) ahead of this machine's"
    }
}

/// Bundles of erasures in files.
public enum ErasureFile {
    public static func read(_ path: String) throws(WalletFailure) -> ErasureBundle {
        guard let bytes = try DurableFile.contents(path) else {
            throw WalletFailure(.usage, "there is no file \(path)")
        }
        do throws(EncodingFailure) {
            return try ErasureBundle(decoding: bytes)
        } catch {
            throw WalletFailure(.proofInvalid, "\(path) holds no bundle of an erasure: \(error)")
        }
    }

    public static func write(_ bundle: ErasureBundle, to path: String) throws(WalletFailure) {
        try DurableFile.replace(bundle.encoded, at: path)
    }

    /// What `bundle` proves, or why it proves nothing.
    public static func verify(
        _ bundle: ErasureBundle, trusting checkpoint: Checkpoint
    ) throws(WalletFailure) -> VerifiedErasure {
        do throws(ProofFailure) {
            return try bundle.verify(trusting: checkpoint)
        } catch {
            throw WalletFailure(.proofInvalid, "the bundle proves nothing: \(error)")
        }
    }
}

extension PinnedNetwork.Checkpoint {
    /// The genesis block of a `genesis.json`.
    public init(genesisFile path: String) throws(WalletFailure) {
        let checkpoint = try ProofFile.checkpoint(genesisFile: path)
        self.init(height: checkpoint.height, blockHash: checkpoint.blockHash)
    }
}
