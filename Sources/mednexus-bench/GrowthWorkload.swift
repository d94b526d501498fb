import Cryptography
import Primitives
import Revenue
import Transactions

/// Which accounts a transfer of the growth bench touches.
enum TouchPattern: String, CaseIterable, Codable {
    /// 80 % of the touches on 1 % of the accounts.
    case skewed
    /// Every account as likely as any other.
    case uniform
}

/// Transfers between the accounts of a ``GrowthState``.
struct GrowthWorkload {
    let state: GrowthState
    private var sequences: [UInt64]
    private var random = SeededGenerator(state: 8_123)
    private let hotCount: Int
    /// Where the next payer that is not hot stands: those with keys pay in turn, so that of a large state none pays
    /// twice, as none would if all had keys.
    private var nextPayer = 0

    init(_ state: GrowthState) {
        self.state = state
        sequences = Array(repeating: 0, count: state.keys.count)
        hotCount = max(1, state.accountCount / 100)
    }

    mutating func transfers(
        _ count: Int, _ pattern: TouchPattern, network: Hash
    ) -> [(signer: Int, body: TransactionBody)] {
        (0..<count).map { _ in
            let payer = payer(pattern)
            var payee = account(pattern)
            while payee == payer { payee = account(pattern) }
            let transfer = RevenueTransfer(
                to: .account(state.address(of: payee)), asset: Workload.asset, amount: Amount(1 + random.next() % 100))
            let body = TransactionBody(
                network: network, sender: state.keys[payer].address, sequence: sequences[payer], validUntil: nil,
                operations: [.revenue(.transfer(transfer))])
            sequences[payer] += 1
            return (payer, body)
        }
    }

    private mutating func account(_ pattern: TouchPattern) -> Int {
        let isHot = pattern == .skewed && random.next() % 100 < 80
        return Int(random.next() % UInt64(isHot ? hotCount : state.accountCount))
    }

    private mutating func payer(_ pattern: TouchPattern) -> Int {
        if pattern == .skewed, random.next() % 100 < 80 {
            return Int(random.next() % UInt64(min(hotCount, state.keys.count)))
        }
        nextPayer = (nextPayer + 1) % state.keys.count
        return nextPayer
    }
}
