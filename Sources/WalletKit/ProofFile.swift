internal import Blocks
internal import Encoding
internal import Execution
internal import Interface
internal import Primitives
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

    /// What `proof` proves, or why it proves nothing.
    public static func verify(_ proof: Proof, trusting checkpoint: Checkpoint) throws(WalletFailure) -> VerifiedProof {
        do throws(ProofFailure) {
            return try proof.verify(trusting: checkpoint)
        } catch {
            throw WalletFailure(.proofInvalid, "the proof is invalid: \(error)")
        }
    }

    /// Refuses what is older than the proof allows and, if given, `limit` milliseconds.
    public static func checkAge(_ verified: VerifiedProof, of proof: Proof, limit: UInt64?) throws(WalletFailure) {
        do throws(ProofFailure) {
            try verified.checkAge(at: WalletClock.now, limit: limit ?? proof.maximumAge)
        } catch {
            throw WalletFailure(
                .proofInvalid, "the proof is too old: \(error)",
                hint: "Get a new one, or say what age will do: --max-age 30d, or --max-age any.")
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
