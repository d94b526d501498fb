internal import Blocks
internal import Encoding
internal import Identities
public import Interface
public import Primitives
public import Proofs

/// A credential of the ledger as a document of the Verifiable Credentials Data Model 2.0 (Specs/credentials.md).
///
/// Nobody signs it: its evidence is the ledger's own proof, and every word of it follows from what that proves. So it is
/// verified by making it anew from the proof and comparing.
public enum VerifiableCredential {
    /// A document, and what it is made of.
    public struct Made: Sendable {
        public let document: JSONValue
        public let verified: VerifiedProof
        /// At the block of the proof.
        public let status: String
        public let subject: Party
        public let issuer: Party
        /// For people: what it says, in the writing of the wallet.
        public let facts: [Fact]
    }

    public struct Fact: Hashable, Sendable {
        public let name: String
        public let text: String
    }

    public static let proofType = "MedNexusLedgerProof"
    private static let method = "identity_credential"
    private static let vocabulary = "mednexus:vocabulary#"

    /// The document that a verified proof of `identity_credential` gives.
    public static func make(_ proof: Proof, _ verified: VerifiedProof) throws(WalletFailure) -> Made {
        let kind = proof.networkKind.networkKind
        guard case .state(_, _, let question?) = verified.fact, question.method == method,
            let value = try ProofFile.answer(verified, kind: kind)?["value"]
        else { throw WalletFailure(.proofInvalid, "the proof is of no credential") }
        let view: CredentialView
        do {
            view = try JSONValueDecoder.decode(CredentialView.self, from: value, networkKind: kind)
        } catch {
            throw WalletFailure(.proofInvalid, "the proven credential does not decode: \(error)")
        }
        let names = Names(network: verified.header.network, kind: kind)
        var document = claims(view, names)
        document.append("credentialStatus", status(view, verified, names))
        document.append("proof", self.proof(proof, verified, names))
        return Made(
            document: .object(document), verified: verified, status: view.status.rawValue,
            subject: view.credential.claim.subject, issuer: view.credential.issuer, facts: facts(view))
    }

    /// All that limits what it attests, so that nobody takes it for more.
    private static func facts(_ view: CredentialView) -> [Fact] {
        let claim = view.credential.claim
        let scope = claim.scope
        var facts = [Fact(name: "Attests", text: claim.credentialType.name)]
        facts.append(
            Fact(
                name: "For",
                text: scope.jurisdictions.isEmpty ? "everywhere" : scope.jurisdictions.joined(separator: ", "))
        )
        if !scope.specialties.isEmpty {
            facts.append(Fact(name: "Specialties", text: scope.specialties.joined(separator: ", ")))
        }
        if let role = scope.role { facts.append(Fact(name: "Role", text: role.name)) }
        facts.append(
            Fact(name: "From", text: dateText(max(claim.validFrom, view.credential.acceptedAt ?? claim.validFrom))))
        facts.append(Fact(name: "Until", text: claim.validUntil.map { dateText($0) } ?? "without end"))
        return facts
    }

    /// Verifies a document: its proof, and that everything else in it follows from that.
    public static func verify(
        _ document: JSONValue, trusting checkpoint: (Proof) throws(WalletFailure) -> Checkpoint
    ) throws(WalletFailure) -> (proof: Proof, made: Made) {
        guard let embedded = document["proof"], embedded["type"]?.string == proofType,
            let text = embedded["proofValue"]?.string, text.first == "f",
            let bytes = Hexadecimal.decode(String(text.dropFirst()))
        else {
            throw WalletFailure(
                .proofInvalid, "the document has no proof of type \(proofType)",
                hint: "Only what credential export wrote can be verified here.")
        }
        let proof = try ProofFile.decode(bytes, from: "the document")
        let made = try make(proof, try ProofFile.verify(proof, trusting: try checkpoint(proof)))
        guard isSame(made.document, document) else {
            throw WalletFailure(
                .proofInvalid,
                "the document says something else than its proof: \(difference(made.document, document))",
                hint: "Somebody changed it after it was exported.")
        }
        return (proof, made)
    }

    // MARK: What is in it

    private struct Names {
        let network: Hash
        let kind: NetworkKind

        /// `mednexus:GENESIS/tmnxcred1…`
        func url(_ text: String) -> JSONValue { .string("mednexus:\(network)/\(text)") }

        func url(_ party: Party) -> JSONValue {
            switch party {
            case .account(let address): url(TypedText.encode(address.bytes, kind: "", network: kind))
            case .organization(let id): url(id)
            }
        }

        func url<Kind>(_ id: Identifier<Kind>) -> JSONValue {
            url(TypedText.encode(id.bytes, kind: Kind.name, network: kind))
        }
    }

    private static func claims(_ view: CredentialView, _ names: Names) -> JSONObject {
        let record = view.credential
        let claim = record.claim
        var document = JSONObject()
        document.append(
            "@context", .array(["https://www.w3.org/ns/credentials/v2", .object(["@vocab": .string(vocabulary)])]))
        document.append("id", names.url(record.id))
        document.append("type", ["VerifiableCredential", "MedNexusCredential"])
        document.append("issuer", names.url(record.issuer))
        // It holds from the later of the two.
        document.append("validFrom", .string(instant(max(claim.validFrom, record.acceptedAt ?? claim.validFrom))))
        if let end = claim.validUntil { document.append("validUntil", .string(instant(end))) }
        var subject = JSONObject()
        subject.append("id", names.url(claim.subject))
        subject.append("attests", .string(claim.credentialType.name))
        if !claim.scope.jurisdictions.isEmpty {
            subject.append("jurisdictions", .array(claim.scope.jurisdictions.map { .string($0) }))
        }
        if !claim.scope.specialties.isEmpty {
            subject.append("specialties", .array(claim.scope.specialties.map { .string($0) }))
        }
        if let role = claim.scope.role { subject.append("role", .string(role.name)) }
        if let ward = claim.concerning { subject.append("concerning", names.url(ward)) }
        if let resource = claim.resource { subject.append("resource", .string(resource.description)) }
        if let evidence = claim.evidence { subject.append("evidenceCommitment", .string(evidence.description)) }
        if !claim.identifiers.isEmpty {
            let commitments: [JSONValue] = claim.identifiers.map {
                .object(["scheme": .string($0.scheme.name), "commitment": .string($0.commitment.description)])
            }
            subject.append("identifierCommitments", .array(commitments))
        }
        document.append("credentialSubject", .object(subject))
        return document
    }

    private static func status(_ view: CredentialView, _ verified: VerifiedProof, _ names: Names) -> JSONValue {
        let record = view.credential
        var status = JSONObject()
        status.append("type", "MedNexusLedgerStatus")
        status.append("status", .string(view.status.rawValue))
        status.append("asOf", .string(instant(verified.header.time)))
        status.append("height", .unsigned(verified.header.height.value))
        status.append("offered", .string(instant(record.offeredAt)))
        if let time = record.acceptedAt { status.append("accepted", .string(instant(time))) }
        if let revocation = record.revocation {
            status.append("revoked", .string(instant(revocation.at)))
            status.append("revokedBy", names.url(revocation.by))
            status.append("reason", .string(revocation.reason.name))
        }
        if let delegation = record.delegation { status.append("delegation", names.url(delegation)) }
        return .object(status)
    }

    private static func proof(_ proof: Proof, _ verified: VerifiedProof, _ names: Names) -> JSONValue {
        let first = proof.chain.checkpoint
        return .object([
            "type": .string(proofType), "proofPurpose": "assertionMethod",
            "created": .string(instant(verified.header.time)),
            "verificationMethod": names.url("checkpoint/\(first.height):\(first.hash)"),
            // Multibase: f is base 16.
            "proofValue": .string("f" + Hexadecimal.encode(proof.encoded)),
        ])
    }

    /// `2026-11-22T22:45:07.000Z`
    private static func instant(_ time: Timestamp) -> String {
        let text = dateText(time)
        let thousandths = time.milliseconds % 1_000
        let digits = String(String(thousandths + 1_000).dropFirst())
        return "\(text.prefix(10))T\(text.dropFirst(11).prefix(8)).\(digits)Z"
    }

    // MARK: Comparing

    /// Whatever the order of members.
    private static func isSame(_ one: JSONValue, _ other: JSONValue) -> Bool {
        switch (one, other) {
        case (.object(let left), .object(let right)):
            left.count == right.count
                && left.members.allSatisfy { member in right[member.key].map { isSame(member.value, $0) } ?? false }
        case (.array(let left), .array(let right)):
            left.count == right.count && zip(left, right).allSatisfy { isSame($0, $1) }
        default: one == other
        }
    }

    /// The first member, by its path, that differs.
    private static func difference(_ one: JSONValue, _ other: JSONValue) -> String {
        guard case .object(let left) = one, case .object(let right) = other else { return "its value" }
        for member in left.members {
            guard let found = right[member.key] else { return "\(member.key) is missing" }
            guard isSame(member.value, found) else {
                let inner = difference(member.value, found)
                return inner == "its value" ? member.key : "\(member.key).\(inner)"
            }
        }
        return right.members.first { left[$0.key] == nil }.map { "\($0.key) is not proven" } ?? "its value"
    }
}
