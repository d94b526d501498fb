internal import Cryptography
internal import Primitives
internal import StateModel

/// The proofs that operations on sealed content carry, as refusals name them.
enum Sealing {
    /// What an owner or receiver says about a key of their own: they seal, and for themselves. The subject is the
    /// operation that says it, so nothing of it can be used again.
    static func ownStatement(
        _ act: SealingAct, inft: Bytes32, version: UInt64, of party: Party, in context: OperationContext
    ) -> SealingStatement {
        SealingStatement(
            network: context.block.network, act: act, inft: inft, version: version, subject: here(context),
            from: party, to: party)
    }

    static func here(_ context: OperationContext) -> Bytes32 {
        SealingStatement.madeHere(
            sender: context.sender, sequence: context.sequence, operationIndex: context.operationIndex)
    }

    static func checkPossession(
        of key: CompressedPoint, _ proof: KeyProof, _ statement: SealingStatement, field: String
    ) throws(Refusal) {
        do throws(SealedKeyFailure) {
            try SealedKeys.verifyPossession(of: key, proof, statement: statement)
        } catch {
            throw INFTRejection.proofInvalid.at(
                "\(field).possession", "possession of the sealing key is not proven: \(error.description)",
                hint: "Make the proof for this network, act, INFT, version, sender, sequence and operation index.")
        }
    }

    static func checkOrigin(
        of sealedKey: SealedKey, to key: CompressedPoint, _ proof: KeyProof, _ statement: SealingStatement,
        field: String
    ) throws(Refusal) {
        do throws(SealedKeyFailure) {
            try SealedKeys.verifyOrigin(of: sealedKey, to: key, proof, statement: statement)
        } catch {
            throw INFTRejection.proofInvalid.at(
                "\(field).origin", "that the owner made the sealed key is not proven: \(error.description)",
                hint: "Seal the content key yourself, and prove it for this very operation.")
        }
    }

    static func checkDelivery(
        from custody: (key: CompressedPoint, sealed: SealedKey), to key: CompressedPoint, _ delivered: SealedKey,
        _ proof: DeliveryProof, _ statement: SealingStatement, field: String
    ) throws(Refusal) {
        do throws(SealedKeyFailure) {
            try SealedKeys.verifyDelivery(
                from: custody.key, sealed: custody.sealed, to: key, delivered: delivered, proof: proof,
                statement: statement)
        } catch {
            throw INFTRejection.proofInvalid.at(
                field, "that it is the same content key is not proven: \(error.description)")
        }
    }
}

/// Each sealing key serves once on the ledger: what one secret opens is one thing, and destroying it shreds that alone.
enum SealingKeys {
    static func requireFresh(
        _ key: CompressedPoint, field: String, in state: any StateReader
    ) throws(Refusal) {
        guard let use = try state.record(INFTKeys.sealingKey(key)) else { return }
        throw INFTRejection.sealingKeyUsed.at(
            "\(field).sealingKey", "the key serves version \(use.version) of \(use.inft) already",
            hint: "Make a fresh sealing key.")
    }

    static func note(_ content: ContentVersion, of record: INFTRecord, in context: OperationContext) {
        guard case .sealed(let sealed) = content else { return }
        note(
            sealed.sealingKey, inft: record.id, version: record.versionCount, holder: record.owner, in: context)
    }

    static func note(
        _ key: CompressedPoint, inft: INFTID, version: UInt64, holder: Party, in context: OperationContext
    ) {
        context.state.set(
            INFTKeys.sealingKey(key),
            SealingKeyUse(inft: inft, version: version, holder: holder, at: context.block.time))
    }
}
