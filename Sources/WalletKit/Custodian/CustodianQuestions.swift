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
            let verdict: DeliveryVerdict
            do {
                verdict = try JSONValueDecoder.decode(DeliveryVerdict.self, from: value, networkKind: network.kind)
            } catch {
                throw failure("delivery_check: \(error)")
            }
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

    private func failure(_ what: String) -> WalletFailure {
        WalletFailure(.unreachable, "the node does not answer as a custodian needs it: \(what)")
    }
}
