import ArgumentParser
import Foundation
import Node

struct EpochCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "epoch", abstract: "Begins a new epoch where the old one can't go on.",
        subcommands: [Restart.self])

    struct Restart: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A new epoch on the last final block, signed by a quorum of the validators.",
            discussion: """
                For a network that can't make blocks any more: its only validator lost its guard, or so many did that \
                no quorum may vote. While a quorum votes nothing of this is needed, and it must not be used.

                On each machine, with the node stopped, one after the other:
                  mednexusd epoch restart sign --home HOME --no-other-copy [--with restart.cbor] --out restart.cbor
                When a quorum has signed, on every validator:
                  mednexusd epoch restart apply --home HOME restart.cbor
                  mednexusd start --home HOME
                """,
            subcommands: [Sign.self, Apply.self, Discard.self])
    }
}

extension EpochCommand.Restart {
    struct Sign: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Signs that a new epoch begins on this node's last final block.",
            discussion: "From then on the key votes in no earlier epoch, whatever becomes of the restart.")

        @OptionGroup var options: HomeAloneOptions
        @Option(help: "A file that others have signed; several, one option each.") var with: [String] = []
        @Option(help: "Where to write what all have signed so far.") var out: String
        @Option(help: "The new epoch's number, where an earlier restart came to nothing. Default: the next one.")
        var epoch: UInt64?
        @Flag(help: "No node of the network has a later final block, though this one voted to finalize one.")
        var nothingLater = false
        @OptionGroup var otherCopy: NoOtherCopy

        func run() async throws {
            try await reporting {
                try otherCopy.require()
                let (bytes, summary) = try EpochRestarts.sign(
                    options.nodeHome, with: try with.map(RestartFile.read), number: epoch, nothingLater: nothingLater)
                guard FileManager.default.createFile(atPath: out, contents: Data(bytes)) else {
                    throw NodeFailure(.disk, "can't write \(out)")
                }
                for line in summary.lines { print(line) }
                print(
                    summary.isComplete
                        ? "A quorum has signed. On every validator: mednexusd epoch restart apply --home HOME \(out)"
                        : "Hand \(out) on: mednexusd epoch restart sign --with \(out) …")
            }
        }
    }

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes what a quorum signed; the next start begins it.")

        @OptionGroup var options: HomeAloneOptions
        @Argument(help: "The file that a quorum signed.") var file: String

        func run() async throws {
            try await reporting {
                let summary = try EpochRestarts.apply(try RestartFile.read(file), to: options.nodeHome)
                for line in summary.lines { print(line) }
                print("Start it: mednexusd start --home \(options.nodeHome.path)")
            }
        }
    }
}

extension EpochCommand.Restart {
    struct Discard: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes back an applied restart that began nothing, since another takes its place.")

        @OptionGroup var options: HomeAloneOptions

        func run() async throws {
            try await reporting {
                try EpochRestarts.discard(options.nodeHome)
                print("Taken back. The key still votes in no epoch before the one that it signed.")
            }
        }
    }
}

private enum RestartFile {
    /// A hundred signatures are far smaller.
    static let maximumBytes = 64 * 1024

    static func read(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw NodeFailure(.usage, "can't read \(path)")
        }
        guard data.count <= maximumBytes else { throw NodeFailure(.usage, "\(path) is no file of an epoch's restart") }
        return [UInt8](data)
    }
}

extension EpochRestarts.Summary {
    fileprivate var lines: [String] {
        var lines = [
            "epoch      \(epoch), on block \(height) \(lastBlock)",
            "signed     \(signed.count) of \(signed.count + missing.count), needs \(quorum): \(signed.joined(separator: ", "))",
        ]
        if !missing.isEmpty { lines.append("not yet    \(missing.joined(separator: ", "))") }
        return lines
    }
}
