internal import Cryptography
internal import Custodian
internal import INFTs
internal import Primitives

/// Sees every byte that custodians send, and every event of the chain, and says what must never happen.
struct CustodianWatch {
    private struct Delivered {
        let delivery: DeliveryID
        let commitment: Hash
    }

    /// By the 33 bytes of either point of a delivered key.
    private var needles: [[UInt8]: Delivered] = [:]
    private var released: [DeliveryID: Hash] = [:]
    private var begun: [DeliveryID: Hash] = [:]
    private var completed: Set<DeliveryID> = []
    private var disclosures: [DeliveryID: Int] = [:]
    private(set) var isWithdrawn = false
    private let dataset: INFTID

    init(dataset: INFTID) { self.dataset = dataset }

    /// A delivery that exists in some custodian's memory from now on.
    mutating func made(_ delivery: DeliveryID, _ sealed: SealedDelivery) {
        let entry = Delivered(delivery: delivery, commitment: sealed.commitment)
        needles[sealed.sealedKey.first.bytes] = entry
        needles[sealed.sealedKey.second.bytes] = entry
    }

    func isKnown(_ commitment: Hash) -> Bool { needles.values.contains { $0.commitment == commitment } }

    /// No byte of a delivered key leaves before the chain has bound it, and never two keys for one delivery.
    mutating func sent(_ bytes: [UInt8]) -> String? {
        guard bytes.count >= 33 else { return nil }
        for start in 0...bytes.count - 33 where bytes[start] == 2 || bytes[start] == 3 {
            guard let found = needles[Array(bytes[start..<start + 33])] else { continue }
            guard begun[found.delivery] == found.commitment else {
                return "a key of \(found.delivery) leaves before its begin is final"
            }
            if let earlier = released.updateValue(found.commitment, forKey: found.delivery),
                earlier != found.commitment
            {
                return "two keys for the delivery \(found.delivery)"
            }
        }
        return nil
    }

    // MARK: The chain

    mutating func withdrawn() { isWithdrawn = true }

    mutating func disclosed(_ reference: Hash) { disclosures[DeliveryID(reference.bytes), default: 0] += 1 }

    mutating func began(_ fact: DeliveryChanged, _ commitment: Hash) -> String? {
        guard begun.updateValue(commitment, forKey: fact.delivery) == nil else {
            return "the delivery \(fact.delivery) is begun twice"
        }
        guard fact.inft == dataset, fact.act != .transfer else { return nil }
        if isWithdrawn { return "the delivery \(fact.delivery) is begun against consent" }
        guard disclosures[fact.delivery] == 1 else {
            return "the delivery \(fact.delivery) is begun with \(disclosures[fact.delivery] ?? 0) disclosures"
        }
        return nil
    }

    mutating func completed(_ fact: DeliveryChanged) -> String? {
        completed.insert(fact.delivery).inserted ? nil : "the delivery \(fact.delivery) is completed twice"
    }
}
