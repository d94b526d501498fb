/// Files that hold health records: read whole, written for their owner only.
public enum RecordFile {
    /// At most 64 MiB.
    public static func read(_ path: String) throws(WalletFailure) -> [UInt8] {
        guard let bytes = try DurableFile.contents(path) else {
            throw WalletFailure(.usage, "there is no file \(path)")
        }
        return bytes
    }

    /// What is there already is not written over: refused before anything is done.
    public static func refuse(existing path: String) throws(WalletFailure) {
        try DurableFile.refuseStandardOutput(path)
        guard try DurableFile.contents(path) == nil else {
            throw WalletFailure(.usage, "\(path) is there already", hint: "Name another file.")
        }
    }

    /// Whole or not at all, readable by its owner only.
    public static func write(_ bytes: [UInt8], to path: String) throws(WalletFailure) {
        try DurableFile.replace(bytes, at: path)
    }
}
