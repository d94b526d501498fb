internal import INFTs
internal import Licenses
internal import Primitives
internal import Transactions

extension Operation {
    /// What it means, without what is drawn anew each time it is made: fresh keys, proofs, ciphertexts. So a purchase that
    /// is asked for again is known to be the same.
    var intention: Operation {
        switch self {
        case .licenses(.purchase(let purchase)):
            return .licenses(
                .purchase(
                    PurchaseLicense(
                        offer: purchase.offer, maximumPrice: purchase.maximumPrice,
                        maximumRevenueShare: purchase.maximumRevenueShare, use: purchase.use, buyer: purchase.buyer)))
        case .infts(.mint(let mint)):
            return .infts(
                .mint(
                    Mint(
                        inftClass: mint.inftClass, content: mint.content.intention, metadata: mint.metadata,
                        creators: mint.creators, holders: mint.holders, parents: mint.parents,
                        hasHumanData: mint.hasHumanData, consentSet: mint.consentSet)))
        case .infts(.revise(let revise)):
            return .infts(
                .revise(
                    Revise(
                        inft: revise.inft, content: revise.content.intention, consentSet: revise.consentSet)))
        default: return self
        }
    }
}

extension ContentVersion {
    /// Of sealed content its size and type; its root is another each time the same file is encrypted.
    fileprivate var intention: ContentVersion {
        guard case .sealed(let content) = self else { return self }
        return .open(OpenContent(hash: .zero, size: content.size, mediaType: content.mediaType, location: nil))
    }
}

extension TransactionBody {
    func doing(_ operations: [Operation]) -> TransactionBody {
        TransactionBody(
            network: network, sender: sender, sequence: sequence, validUntil: validUntil, actingFor: actingFor,
            reference: reference, operations: operations)
    }
}
