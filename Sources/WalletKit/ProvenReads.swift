public import Interface
public import Primitives
public import Proofs

/// An answer that needs no trust in the node that gave it.
public struct ProvenAnswer: Sendable {
    public let proof: Proof
    public let verified: VerifiedProof
    /// What follows from the proven records, whatever the node said.
    public let value: JSONValue
}

extension NodeClient {
    /// Asks `method` with its proof, and verifies it.
    public func proven(
        _ method: String, _ params: JSONObject, trusting checkpoint: Checkpoint
    ) async throws(WalletFailure) -> (proof: Proof, verified: VerifiedProof) {
        var params = params
        params.set("prove", .boolean(true))
        params.set("checkpoint", .unsigned(checkpoint.height.value))
        let result = try await call(method, .object(params))
        guard let text = result["proof"]?.string, let bytes = Hexadecimal.decode(text) else {
            guard result["value"]?.isNull != true else {
                throw WalletFailure(.refused, "there is nothing to prove: the node answers null")
            }
            throw WalletFailure(.unreachable, "\(url) gives no proof of \(method)")
        }
        let proof = try ProofFile.decode(bytes, from: "the answer of \(url)")
        return (proof, try ProofFile.verify(proof, trusting: checkpoint))
    }

    /// The same, and what the proven records answer to this very question.
    public func provenAnswer(
        _ method: String, _ params: JSONObject, trusting checkpoint: Checkpoint
    ) async throws(WalletFailure) -> ProvenAnswer {
        let (proof, verified, result) = try await provenResult(method, params, trusting: checkpoint)
        guard let value = result["value"] else {
            throw WalletFailure(.proofInvalid, "the proof is of another question")
        }
        return ProvenAnswer(proof: proof, verified: verified, value: value)
    }

    /// All items of a list, page by page, each page proven: what the proven records answer, whatever the node said. Of use
    /// for lists that follow from records alone, such as statements; the indexes behind others prove nothing.
    ///
    /// - Parameter limit: refused above it, since half a list proves nothing.
    public func provenItems(
        _ method: String, _ params: JSONObject, limit: Int, trusting checkpoint: Checkpoint
    ) async throws(WalletFailure) -> [JSONValue] {
        var items: [JSONValue] = []
        var params = params
        params.set("limit", .integer(100))
        while true {
            let answer = try await provenResult(method, params, trusting: checkpoint).result
            guard let more = answer["items"]?.array, items.count + more.count <= limit else {
                throw WalletFailure(
                    .usage, "\(method) has more than \(limit) items", hint: "Ask for a shorter period.")
            }
            items += more
            guard let next = answer["next"], !next.isNull, !more.isEmpty else { return items }
            params.set("cursor", next)
        }
    }

    private func provenResult(
        _ method: String, _ params: JSONObject, trusting checkpoint: Checkpoint
    ) async throws(WalletFailure) -> (proof: Proof, verified: VerifiedProof, result: JSONValue) {
        let (proof, verified) = try await proven(method, params, trusting: checkpoint)
        guard case .state(_, _, let question?) = verified.fact, question.method == method,
            let asked = try? JSONParser.parse(question.parameters), asked == .object(params),
            let result = try ProofFile.answer(verified, kind: networkKind)
        else { throw WalletFailure(.proofInvalid, "the proof is of another question") }
        return (proof, verified, result)
    }
}

extension ProofFile {
    /// The answer that a proof of a read gives when it is asked again over its records; nil of other proofs.
    public static func answer(
        _ verified: VerifiedProof, kind: NetworkKind
    ) throws(WalletFailure) -> JSONValue? {
        let table = MethodTable.standard(networkKind: kind, version: ProgramVersion.text)
        do {
            return try table.replay(verified, networkKind: kind)
        } catch let failure as CallFailure {
            let hint = failure.data?["hint"]?.string ?? failure.message
            let field = failure.data?["field"]?.string ?? ""
            throw WalletFailure(
                .proofInvalid,
                "what is proven does not answer the question: \(field.isEmpty ? "" : field + ": ")\(hint)")
        } catch {
            throw WalletFailure(.proofInvalid, "what is proven does not answer the question: \(error)")
        }
    }
}
