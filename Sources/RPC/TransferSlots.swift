import Interface
import Metrics
import Primitives
import Synchronization

/// How many bodies of content are on their way at once: in all, and of one account.
final class TransferSlots: Sendable {
    struct Slot: Sendable {
        let account: Address
    }

    private let all: Int
    private let perAccount: Int
    private let taken = Mutex((all: 0, accounts: [Address: Int]()))

    init(all: Int = 64, perAccount: Int = 8) {
        self.all = all
        self.perAccount = perAccount
    }

    func take(_ account: Address) throws(ContentRefusal) -> Slot {
        let isFree = taken.withLock { taken in
            let own = taken.accounts[account] ?? 0
            guard taken.all < all, own < perAccount else { return false }
            taken.all += 1
            taken.accounts[account] = own + 1
            return true
        }
        guard isFree else { throw .limited }
        return Slot(account: account)
    }

    func give(_ slot: Slot) {
        taken.withLock { taken in
            taken.all -= 1
            let left = (taken.accounts[slot.account] ?? 1) - 1
            taken.accounts[slot.account] = left > 0 ? left : nil
        }
    }
}

/// What the listener measures of content. No account is ever a label.
struct ContentMeasures: Sendable {
    let received: Counter
    let sent: Counter
    private let factory: any MetricsFactory

    init(_ factory: any MetricsFactory) {
        self.factory = factory
        received = Counter(label: "mednexus_content_received_bytes_total", factory: factory)
        sent = Counter(label: "mednexus_content_sent_bytes_total", factory: factory)
    }

    func refused(_ status: Int) {
        Counter(
            label: "mednexus_content_refused_total", dimensions: [("status", "\(status)")], factory: factory
        ).increment()
    }
}
