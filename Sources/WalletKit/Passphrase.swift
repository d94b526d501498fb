public import Cryptography
public import FoundationEssentials

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Where a passphrase comes from: a file, the environment, or the terminal. Never a command line, which others can read.
public enum Passphrase {
    public static let minimumCount = 8

    /// `file`, else MEDNEXUS_PASSPHRASE_FILE, else MEDNEXUS_PASSPHRASE, else a question on the terminal. Without a
    /// terminal it fails instead of waiting.
    public static func obtain(
        file: String?, prompt: String = "Passphrase: ", isNew: Bool = false,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(WalletFailure) -> SecretBytes {
        // A variable that is set to nothing is as good as none.
        func given(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let passphrase: SecretBytes
        if let path = file ?? given("MEDNEXUS_PASSPHRASE_FILE") {
            guard var bytes = try DurableFile.contents(path) else {
                throw WalletFailure(.key, "there is no file \(path)")
            }
            defer { Wipe.array(&bytes) }
            while let last = bytes.last, last == 10 || last == 13 { bytes.removeLast() }
            passphrase = SecretBytes(bytes)
        } else if let text = given("MEDNEXUS_PASSPHRASE") {
            passphrase = SecretBytes(Array(text.utf8))
        } else {
            passphrase = try ask(prompt)
            if isNew, !(try ask("Again: ") == passphrase) {
                throw WalletFailure(.key, "the two passphrases differ")
            }
        }
        guard !isNew || passphrase.count >= minimumCount else {
            throw WalletFailure(.key, "a passphrase has at least \(minimumCount) characters")
        }
        return passphrase
    }

    private static func ask(_ prompt: String) throws(WalletFailure) -> SecretBytes {
        let terminal = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard terminal >= 0 else {
            throw WalletFailure(
                .key, "a passphrase is needed, and there is no terminal to ask on",
                hint: "Set MEDNEXUS_PASSPHRASE_FILE or MEDNEXUS_PASSPHRASE.")
        }
        defer { close(terminal) }
        var settings = termios()
        let isTerminal = unsafe tcgetattr(terminal, &settings) == 0
        var silent = settings
        silent.c_lflag &= ~tcflag_t(ECHO)
        if isTerminal { _ = unsafe tcsetattr(terminal, TCSAFLUSH, &silent) }
        defer { if isTerminal { _ = unsafe tcsetattr(terminal, TCSAFLUSH, &settings) } }
        let text = Array(prompt.utf8)
        _ = unsafe write(terminal, text, text.count)
        var bytes: [UInt8] = []
        defer { Wipe.array(&bytes) }
        var byte: UInt8 = 0
        while unsafe read(terminal, &byte, 1) == 1, byte != 10, bytes.count < 1024 { bytes.append(byte) }
        _ = unsafe write(terminal, [10] as [UInt8], 1)
        return SecretBytes(bytes)
    }
}
