internal import Blocks
internal import Consensus
internal import Primitives
internal import Replica
internal import Transactions
internal import Votes

// Few words for a line of the trace.

extension Hash {
    var short: String { String(description.prefix(8)) }
}

extension Vote {
    var summary: String {
        kind == .nullify ? "nullify \(position)" : "\(kind) \(position) \(blockHash.short) on \(parentView)"
    }
}

extension Certificate {
    var summary: String { "[\(vote.summary)] by \(signers.indexes.map { String($0) }.joined(separator: ","))" }
}

extension ReplicaTimer {
    var summary: String {
        switch self {
        case .consensus(let timer): "timer \(timer.kind) \(timer.epoch)/\(timer.view)"
        case .batch: "timer batch"
        case .announcement: "timer announcement"
        case .sync: "timer sync"
        }
    }
}

extension VerifiedTransaction {
    var summary: String { "\(hash.short) sequence \(body.sequence)" }
}

extension PeerMessage {
    var summary: String {
        switch self {
        case .status(let status): "status height \(status.height) \(status.epoch)/\(status.view)"
        case .vote(let vote): "vote \(vote.vote.summary) of \(vote.validator)"
        case .certificate(let certificate): "certificate \(certificate.summary)"
        case .evidence(let evidence): "evidence \(evidence.kind) \(evidence.position) of \(evidence.validator)"
        case .certificatesRequest(let request): "certificates? \(request.epoch): \(request.above)–\(request.below)"
        case .certificates(let all): "certificates " + all.map(\.summary).joined(separator: " ")
        case .proposal(let proposal):
            "proposal \(proposal.blockHash.short) height \(proposal.header.height) \(proposal.notarize.vote.position)"
                + " on \(proposal.parentView), \(proposal.included.count) of \(proposal.shortIDs.count) included"
        case .blockRequest(let hash): "block? \(hash.short)"
        case .block(let block): "block \(block.hash.short) height \(block.header.height)"
        case .blockTransactionsRequest(let hash, let indexes): "transactions of \(hash.short)? \(indexes.count)"
        case .blockTransactions(let hash, let transactions): "transactions of \(hash.short) \(transactions.count)"
        case .transactionsAnnounced(let tags): "announces \(tags.count) transactions"
        case .transactionsRequest(let tags): "transactions? \(tags.count)"
        case .transactions(let transactions): "transactions \(transactions.count)"
        case .blocksRequest(let range): "blocks? \(range.first)–\(range.last)"
        case .blocks(let blocks):
            "blocks \(blocks.first.map { "\($0.block.header.height)" } ?? "none") ×\(blocks.count)"
        case .addresses(let addresses): "addresses \(addresses.count)"
        case .snapshotRequest(let checkpoint): "snapshot? from \(checkpoint)"
        case .snapshot(let manifest): manifest == nil ? "no snapshot" : "snapshot"
        case .chunkRequest(let position): "chunk? \(position.index) of \(position.height)"
        case .chunk(let position, let bytes): "chunk \(position.index) of \(position.height) ×\(bytes.count)"
        case .contentRequest(let range): "content? \(range.root.short) from \(range.first) ×\(range.count)"
        case .content(let range, let chunks):
            "content \(range.root.short) from \(range.first) ×\(chunks?.chunks.count ?? 0)"
        }
    }
}
