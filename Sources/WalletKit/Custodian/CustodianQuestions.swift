internal import Blocks
internal import Consents
internal import Custodian
internal import INFTs
internal import Interface
internal import Licenses
internal import Primitives
internal import Proofs
internal import StateModel

/// What a custodian asks the node beside it.
struct CustodianQuestions: Sendable {
    let client: NodeClient
    let network: PinnedNetwork
    /// From where answers on which a key is shown are proven; nil believes the node.
    let trusted: Checkpoint?

    static let pageLimit: UInt64 = 100
    static let waitMilliseconds: UInt64 = 20_000

    /// The events from a position on; waits for the first. Throws ``WalletFailure/Kind/usage`` if the node keeps none that
    /// far back.
    func events(from position: EventPosition) async throws(WalletFailure) -> CustodianPage {
        let result = try await client.call(
            "chain_events",
            .object([
                "cursor": .string(EventCursor.text(position)), "limit": .unsigned(Self.pageLimit),
                "waitMilliseconds": .unsigned(Self.waitMilliseconds),
            ]))
        guard let items = result["items"]?.array, let next = result["next"]?.string.flatMap(EventCursor.position) else {
            throw failure("chain_events without items and a cursor")
        }
        var entries: [CustodianPage.Entry] = []
        for item in items {
            guard let height = item["height"]?.unsigned, let event = item["event"] else {
                throw failure("an event without its height")
            }
            entries += try hints(domain: item["domain"]?.string, event).map {
                CustodianPage.Entry(height: Height(height), hint: $0)
            }
        }
        return CustodianPage(from: position, entries: entries, next: next)
    }

    private func hints(domain: String?, _ event: JSONValue) throws(WalletFailure) -> [CustodianHint] {
        do {
            switch domain {
            case DomainNumber.licenses.name:
                return CustodianHint.of(
                    try JSONValueDecoder.decode(LicenseEvent.self, from: event, networkKind: network.kind))
            case DomainNumber.infts.name:
                return CustodianHint.of(
                    try JSONValueDecoder.decode(INFTEvent.self, from: event, networkKind: network.kind))
            case DomainNumber.consents.name:
                return CustodianHint.of(
                    try JSONValueDecoder.decode(ConsentEvent.self, from: event, networkKind: network.kind))
            default: return []
            }
        } catch {
            // Never passed over: it may be work.
            throw failure("an event that this program does not know (\(error)); is the node newer?")
        }
    }

    /// The delivery, and what stands against beginning it, on a final state of at least that height.
    func verdict(
        of delivery: DeliveryID, minimumHeight: Height
    ) async -> (answer: DeliveryAnswer, verdict: DeliveryVerdict?) {
        do throws(WalletFailure) {
            let (value, height) = try await check(delivery, minimumHeight)
            let verdict = try decoded(value, DeliveryVerdict.self, "delivery_check")
            let answer = DeliveryAnswer(verdict, network: network.genesis, height: Height(height))
            return (answer, verdict)
        } catch {
            if error.kind == .refused, error.answer?.code == INFTRejection.unknownDelivery.rawValue {
                return (.unknown(height: minimumHeight), nil)
            }
            return (.lost, nil)
        }
    }

    /// Whom the ledger has bound, and to which key, is no matter of one node's word: what is shown can't be taken back.
    private func check(
        _ delivery: DeliveryID, _ minimumHeight: Height
    ) async throws(WalletFailure) -> (value: JSONValue, height: UInt64) {
        var params = JSONObject()
        params.append("delivery", try client.encode(delivery))
        if let trusted {
            let answer = try await client.provenAnswer("delivery_check", params, trusting: trusted)
            return (answer.value, answer.verified.header.height.value)
        }
        params.append("minHeight", .unsigned(minimumHeight.value))
        let result = try await client.call("delivery_check", .object(params))
        guard let height = result["height"]?.unsigned, let value = result["value"] else {
            throw failure("delivery_check without a height")
        }
        return (value, height)
    }

    /// What of an erasure is still to be signed for, on a final state of at least that height.
    func erasure(of consent: ConsentID, minimumHeight: Height) async -> ErasureAnswer {
        do throws(WalletFailure) {
            var params = JSONObject()
            params.append("consent", try client.encode(consent))
            params.append("minHeight", .unsigned(minimumHeight.value))
            let items = try await client.call("inft_erasures_due", .object(params))["items"]?.array
            guard let items else { throw failure("inft_erasures_due without items") }
            if let item = items.first {
                let due = try decoded(item, ErasureDue.self, "inft_erasures_due")
                return .due(
                    due.versions.map { version in
                        let inft = TypedText.encode(version.inft.bytes, kind: INFTKind.name, network: network.kind)
                        let name = TypedText.encode(consent.bytes, kind: ConsentKind.name, network: network.kind)
                        return "mednexus inft erase \(inft) --version \(version.version) --consent \(name)"
                    })
            }
            let receipts = try await client.call("inft_erasures", .object(params))["items"]?.array
            return receipts?.isEmpty == false ? .done : .nothing
        } catch {
            return .lost
        }
    }

    private func decoded<Value: Decodable>(
        _ json: JSONValue, _ type: Value.Type, _ method: String
    ) throws(WalletFailure) -> Value {
        do {
            return try JSONValueDecoder.decode(type, from: json, networkKind: network.kind)
        } catch {
            throw failure("\(method): \(error)")
        }
    }

    private func failure(_ what: String) -> WalletFailure {
        WalletFailure(.unreachable, "the node does not answer as a custodian needs it: \(what)")
    }
}
