package import Storage

/// How `mednexusd` ends; documented in the README. A service manager restarts only on 1.
package enum NodeExit: Int32, Error, Sendable {
    case done = 0
    /// Anything unforeseen; worth a restart.
    case failure = 1
    case usage = 2
    /// Configuration, genesis or home are wrong: nothing changes until someone edits them.
    case configuration = 3
    /// A file of the ledger is damaged, or state and chain differ: run `verify`, restore a backup.
    case corruption = 4
    /// The signing guard refuses, or belongs to another key.
    case signingGuard = 5
    /// The disk is full or read-only.
    case disk = 6
    /// A listening port is in use.
    case port = 7
    /// Another process holds the home.
    case homeInUse = 8
    /// The home was written by a newer version.
    case newerSchema = 9
    /// The network goes on with a newer release: install the one that the message names.
    case upgrade = 10
}

/// A failure that a command shows to its user: what happened, what to do, how to exit.
package struct NodeFailure: Error, Sendable, CustomStringConvertible {
    package let exit: NodeExit
    package let message: String
    package let hint: String

    package init(_ exit: NodeExit, _ message: String, hint: String = "") {
        self.exit = exit
        self.message = message
        self.hint = hint
    }

    package var description: String { hint.isEmpty ? message : "\(message)\n\(hint)" }
}

extension NodeFailure {
    /// What the stores report, with the exit that a service manager understands.
    package init(_ failure: StorageFailure) {
        let exit: NodeExit =
            switch failure {
            case .diskFull, .noRoom, .mapFull, .transactionFull, .readOnly: .disk
            case .damaged, .outOfOrder, .wrongRoot: .corruption
            case .newerSchema: .newerSchema
            case .homeLocked, .homeBeingCopied: .homeInUse
            case .olderSchema, .otherNetwork, .noHome, .homeExists, .unfinishedState, .unfinishedIndex: .configuration
            case .noGuard: .signingGuard
            case .tooManySnapshots, .system: .failure
            }
        self.init(exit, failure.description)
    }
}
