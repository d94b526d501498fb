public import Primitives
public import StateModel

/// What is known of erased content. Nodes ask it before they serve, take or fetch a ciphertext.
public enum Erasures {
    public static func record(_ id: ErasureID, in state: any StateReader) throws(Refusal) -> ErasureRecord? {
        try state.record(INFTKeys.erasure(id))
    }

    /// Rejects `unknown_erasure`.
    public static func require(
        _ id: ErasureID, field: String, in state: any StateReader
    ) throws(Refusal) -> ErasureRecord {
        guard let record = try record(id, in: state) else {
            throw INFTRejection.unknownErasure.at(field, "there is no erasure receipt \(id)")
        }
        return record
    }

    /// The receipt by which the ciphertext of this root is deleted everywhere; nil while some version still lives by it.
    public static func receipt(ofRoot root: Hash, in state: any StateReader) throws(Refusal) -> ErasureID? {
        try state.record(INFTKeys.root(root))?.erasure
    }

    /// The receipt that the holder of this version's key signed; nil if it was not erased by its own holder.
    public static func receipt(
        of version: UInt64, of inft: INFTID, in state: any StateReader
    ) throws(Refusal) -> ErasureID? {
        try INFTRegistry.version(version, of: inft, in: state)?.erasure
    }

    static func use(of version: UInt64, of inft: INFTID, in state: any StateReader) throws(Refusal) -> VersionUse {
        try state.record(INFTKeys.versionUse(inft, version)) ?? VersionUse()
    }

    /// Rejects `content_erased`: by its own receipt, or by that of a clone whose ciphertext it shares. The one question
    /// that stands before every act that needs the content: asking for it, beginning, resealing, cloning, handing over.
    /// Completing what was begun does not ask it.
    public static func requireNotErased(
        _ version: VersionRecord, of inft: INFTID, field: String, in state: any StateReader
    ) throws(Refusal) {
        guard let root = version.content.root else { return }
        var found = version.erasure
        if found == nil { found = try receipt(ofRoot: root, in: state) }
        guard let receipt = found else { return }
        throw INFTRejection.contentErased.at(
            field, "version \(version.number) of \(inft) was erased; the receipt is \(receipt)",
            hint: "Read the receipt with inft_erasure. A newer version, if there is one, is not concerned.")
    }

    /// Counts a delivery that begins or ends; every delivery that is stored passes here.
    static func note(
        _ delivery: DeliveryRecord, after old: DeliveryRecord?, in state: StateOverlay
    ) throws(Refusal) {
        let (wasOpen, isOpen) = (old?.state == .begun, delivery.state == .begun)
        // Of open content no key is delivered.
        let (wasDelivered, isDelivered) = (old?.custody != nil, delivery.custody != nil)
        guard wasOpen != isOpen || wasDelivered != isDelivered else { return }
        var use = try use(of: delivery.version, of: delivery.inft, in: state)
        if isOpen { use.begun += 1 }
        if wasOpen {
            guard use.begun > 0 else {
                throw .failed(StateFailure("the delivery \(delivery.id) was not counted when it began"))
            }
            use.begun -= 1
        }
        if isDelivered { use.delivered += 1 }
        state.set(INFTKeys.versionUse(delivery.inft, delivery.version), use)
    }
}

/// To whom ciphertexts belong. Two honest encryptions never share a root, since each has a key and a salt of its own.
enum Roots {
    /// Rejects `root_claimed`: another version, of whatever INFT, names this ciphertext, erased or not.
    static func requireUnclaimed(
        _ content: ContentVersion, field: String, in state: any StateReader
    ) throws(Refusal) {
        guard let root = content.root, let claim = try state.record(INFTKeys.root(root)) else { return }
        throw INFTRejection.rootClaimed.at(
            "\(field).root", "a version of \(claim.inft) names this ciphertext",
            hint: "Encrypt the content anew, with a key and salt of its own.")
    }

    /// Notes one more version by this root: the first, or a clone's.
    static func claim(_ content: ContentVersion, for inft: INFTID, in state: StateOverlay) throws(Refusal) {
        guard let root = content.root else { return }
        guard var claim = try state.record(INFTKeys.root(root)) else {
            state.set(INFTKeys.root(root), RootClaim(inft: inft))
            return
        }
        claim.versions += 1
        state.set(INFTKeys.root(root), claim)
    }

    /// Notes that a version by this root was erased; at a subject's request the ciphertext goes for all, otherwise with
    /// the last version.
    static func erase(_ record: ErasureRecord, in state: StateOverlay) throws(Refusal) {
        guard var claim = try state.record(INFTKeys.root(record.root)) else {
            throw .failed(StateFailure("no version claims the root \(record.root)"))
        }
        claim.erased += 1
        if claim.erasure == nil, !record.consents.isEmpty || claim.erased >= claim.versions {
            claim.erasure = record.id
        }
        state.set(INFTKeys.root(record.root), claim)
    }
}
