internal import FoundationEssentials
public import Primitives

/// The wallet's clock: for deadlines and file dates only. What is valid when, the ledger says.
public enum WalletClock {
    public static var now: Timestamp {
        let seconds = Date().timeIntervalSince1970
        return Timestamp(seconds > 0 ? min(UInt64(seconds * 1000), Timestamp.maximum.milliseconds) : 0)
    }
}

/// `2026-11-22 22:45:07 UTC`
public func dateText(_ time: Timestamp) -> String { time.text }
