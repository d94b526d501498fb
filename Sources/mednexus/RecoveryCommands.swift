import ArgumentParser
import Cryptography
import Identities
import Interface
import Licenses
import Primitives
import Transactions
import WalletKit

struct AccountRecover: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover", abstract: "A new key for an account whose key is lost, given by its guardians.",
        discussion: """
            Beforehand the account names guardians (arrange). When the key is lost, its owner makes another and a request \
            for it (request), and hands that file to the guardians, who agree (approve). From the last approval that \
            was needed the account can object for as long as it arranged (cancel); then the new key speaks for it, and \
            its owner's wallet takes note (finish). Address, money, INFTs, licenses, memberships and credentials stay \
            what they were. Secrets of sealed content are no keys of the account: what was lost of them the custodian \
            of the content seals anew (inft reseal).

            \(example(
                "account recover arrange --guardian ben --guardian stmary --threshold 2 --delay 3d --from anna",
                "key new anna2", "account recover request anna --key anna2 --out anna.json",
                "account recover approve anna.json --from ben",
                "account recover finish anna2"))
            """,
        subcommands: [
            RecoveryShow.self, RecoveryArrange.self, RecoveryAsk.self, RecoveryApprove.self, RecoveryWithdraw.self,
            RecoveryCancel.self, RecoveryFinish.self,
        ])
}

struct RecoveryArrange: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "arrange", abstract: "Names the guardians of the signing account, others than before, or none.",
        discussion: example(
            "account recover arrange --guardian ben --guardian carol --threshold 2 --delay 3d --from anna",
            "account recover arrange --none --from anna"))
    @OptionGroup var globals: Globals
    @Option(
        help: ArgumentHelp(
            "Who may recover the account (repeatable): an account, or an organization by its policy for credentials.",
            valueName: "party")) var guardian: [String] = []
    @Option(help: ArgumentHelp("How many of them must agree; all if absent.", valueName: "number"))
    var threshold: UInt64?
    @Option(help: ArgumentHelp("For how long you can object: 1d to 30d.", valueName: "duration")) var delay = "3d"
    @Flag(help: "Name none: nobody can recover the account.") var none = false

    func validate() throws {
        if none != guardian.isEmpty { throw ValidationError("Either --guardian, or --none.") }
    }

    func perform(_ session: Session) async throws {
        guard try session.actingFor() == nil else {
            throw WalletFailure(
                .usage, "an organization has no guardians: its members recover it by their threshold",
                hint: "Replace a member's account: mednexus org rotate.")
        }
        var policy: GuardianPolicy?
        if !none {
            guard let milliseconds = Inputs.duration(delay) else {
                throw WalletFailure(.usage, "\(delay) is no duration", hint: "Write 3d, from 1d to 30d.")
            }
            var guardians: Set<Party> = []
            for text in guardian { guardians.insert(try session.party(text)) }
            policy = GuardianPolicy(
                guardians: guardians.sorted(), threshold: threshold ?? UInt64(guardians.count),
                delayMilliseconds: milliseconds)
        }
        try await session.act([.identities(.arrangeRecovery(ArrangeRecovery(policy: policy)))])
    }
}

struct RecoveryShow: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Guardians of an account, and recoveries that they have under way.",
        discussion: example("account recover show anna"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "A name or an address; who signs if absent.") var account: String?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let address = try account.map { (text) throws(WalletFailure) in try session.address(text) } ?? session.sender()
        let value = try await session.client.read(
            "identity_recovery", .object(["account": try session.client.encode(address)]), as: JSONValue.self)
        let names = session.plainNames
        session.show(value) {
            let policy = value["policy"]
            let guardians = (policy?["guardians"]?.array ?? []).map { names.party($0) }
            Console.fields([
                ("Account", names.party(value["account"])), ("Key", value["key"]?.string),
                (
                    "Guardians",
                    guardians.isEmpty ? "none: a lost key can't be replaced" : guardians.joined(separator: "\n")
                ),
                ("Threshold", policy?["threshold"]?.unsigned.map { "\($0) of \(guardians.count)" }),
                (
                    "Objection",
                    policy?["delayMilliseconds"]?.unsigned.map { "within \(DurationText.exact(milliseconds: $0))" }
                ),
            ])
            for recovery in value["open"]?.array ?? [] { Self.write(recovery, names) }
        }
    }

    private static func write(_ recovery: JSONValue, _ names: SessionNames) {
        let agreed = (recovery["approvals"]?.array ?? []).map { names.party($0["guardian"]) }
        Console.fields([
            ("Recovery", names.id(recovery["id"])), ("New key", recovery["key"]?.string),
            ("Started", "\(names.time(recovery["startedAt"]) ?? "") by \(names.party(recovery["startedBy"]))"),
            ("Agreed", agreed.joined(separator: "\n")),
            ("Speaks from", names.time(recovery["completesAt"]) ?? "more guardians must agree"),
        ])
    }
}

struct RecoveryAsk: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "request", abstract: "Makes the file by which guardians give an account a key of this wallet.",
        discussion: example("account recover request anna --key anna2 --out anna.json"))
    @OptionGroup var globals: Globals
    @Argument(help: "The account whose key is lost: its address, or a name.") var account: String
    @Option(help: ArgumentHelp("The new key: an account of this wallet that is not registered.", valueName: "name"))
    var key: String
    @Option(help: ArgumentHelp("Where to write it.", valueName: "file")) var out: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let address = try session.address(account)
        let secret = try session.newKey(key)
        let view = try await session.keyView(of: address)
        guard let view else {
            throw WalletFailure(.usage, "\(account) is no registered account")
        }
        let request = RecoveryRequest(
            account: address, secret: secret, changes: view.changes, network: session.network.genesis)
        try request.save(out, networkKind: session.network.kind)
        let value = JSONValue.object([
            "account": .string(session.text(.account(address))), "key": .string(session.text(.account(request.key))),
            "file": .string(out),
        ])
        session.show(value) {
            Console.out("Written to \(out). Each guardian: mednexus account recover approve \(out) --from NAME")
            Console.out("When the account can no longer object: mednexus account recover finish \(key)")
        }
    }
}

struct RecoveryApprove: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "As guardian, agrees that a new key speak for an account.",
        discussion: """
            Make sure, by voice or in person, that the request comes from the account's owner: what guardians agree to, \
            only the account itself can stop.

            \(example(
                "account recover approve anna.json --from ben",
                "account recover approve tmnxrecov1… --from registrar --acting-for stmary"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "The file of the request, or the id of a recovery under way.") var request: String

    func perform(_ session: Session) async throws {
        guard let file = try RecoveryRequest.load(request) else { return try await approve(session) }
        try file.check(on: session.network)
        let view = try await session.provenRecovery(of: file.account)
        let notes = [
            "Are you sure that this comes from \(session.plainNames.party(.account(file.account)))? Ask by voice or in person."
        ]
        // The first guardian starts what the others agree to.
        let operation: IdentityOperation =
            if let open = view.open.first(where: { $0.key == file.key }) {
                .approveRecovery(ApproveRecovery(recovery: open.id, account: file.account, key: file.key))
            } else {
                .startRecovery(StartRecovery(account: file.account, key: file.key, proof: file.proof))
            }
        try await session.act([.identities(operation)], notes: notes)
    }
}

extension RecoveryApprove {
    /// By its id, which says nothing: whose account, and which key, is read from the state, and said.
    private func approve(_ session: Session) async throws {
        try await session.verifyNetwork()
        let id: RecoveryID = try session.id(request)
        let guardian = try session.actor()
        let guarded = try await session.client.items(
            "identity_guarded", parameters(["guardian": session.json(guardian)]))
        for item in guarded {
            let told = try session.decode(item, as: RecoveryView.self)
            guard told.open.contains(where: { $0.id == id }) else { continue }
            let view = try await session.provenRecovery(of: told.account)
            guard let open = view.open.first(where: { $0.id == id }) else { break }
            let account = session.plainNames.party(.account(view.account))
            return try await session.act(
                [
                    .identities(
                        .approveRecovery(ApproveRecovery(recovery: id, account: view.account, key: open.key)))
                ],
                notes: [
                    "Are you sure that this comes from \(account)? Ask by voice or in person."
                ])
        }
        throw WalletFailure(
            .usage, "no such recovery waits for \(session.plainNames.party(guardian))",
            hint: "mednexus account inbox lists what waits.")
    }
}

extension Session {
    /// Proven: a guardian who agrees to another recovery than the one that is shown gives an account away.
    fileprivate func provenRecovery(of account: Address) async throws -> RecoveryView {
        let answer = try await client.provenAnswer(
            "identity_recovery", parameters(["account": try client.encode(account)]), trusting: try pinnedCheckpoint())
        return try decode(answer.value)
    }
}

struct RecoveryWithdraw: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw", abstract: "As guardian, takes an approval back.",
        discussion: example("account recover withdraw tmnxrecov1… --from ben"))
    @OptionGroup var globals: Globals
    @Argument(help: "The recovery.") var recovery: String

    func perform(_ session: Session) async throws {
        try await session.act([.identities(.withdrawRecovery(WithdrawRecovery(recovery: try session.id(recovery))))])
    }
}

struct RecoveryCancel: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "As the account, with the key that it has, objects to recoveries.",
        discussion: example("account recover cancel --from anna", "account recover cancel tmnxrecov1… --from anna"))
    @OptionGroup var globals: Globals
    @Argument(help: "The recovery; every one under way if absent.") var recovery: String?

    func perform(_ session: Session) async throws {
        var recoveries: [RecoveryID] = []
        if let recovery {
            recoveries = [try session.id(recovery)]
        } else {
            let account = JSONValue.object(["account": try session.client.encode(try session.sender())])
            recoveries = try await session.client.read("identity_recovery", account, as: RecoveryView.self).open.map(
                \.id)
            guard !recoveries.isEmpty else { throw WalletFailure(.usage, "no recovery of this account is under way") }
        }
        try await session.act(recoveries.map { .identities(.cancelRecovery(CancelRecovery(recovery: $0))) })
    }
}

struct RecoveryFinish: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "finish", abstract: "Lets this wallet sign for the account that a key of it speaks for now.",
        discussion: """
            After a recovery or a rotation, and in a wallet that was restored from its words.

            \(example("account recover finish anna2"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "The new key: its name in this wallet.") var key: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let address = try session.newKey(key).address
        guard let view = try await session.keyView(of: address) else {
            throw WalletFailure(
                .refused, "no account has this key, and no recovery asks for it",
                hint: "Let a guardian approve the request: mednexus account recover approve FILE.")
        }
        guard view.speaks else {
            throw WalletFailure(.refused, try await why(view, session), hint: "Ask again later.")
        }
        try await session.adopt(address, for: view.account)
        let names = session.plainNames
        let value = JSONValue.object([
            "account": .string(session.text(.account(view.account))), "key": .string(session.text(.account(address))),
        ])
        session.show(value) {
            Console.out("\(key) signs for \(names.party(.account(view.account))) from now on.")
            Console.out("Name guardians anew if they changed: mednexus account recover show --from \(key)")
        }
    }

    private func why(_ view: KeyView, _ session: Session) async throws -> String {
        if let until = view.until { return "the key was replaced at \(dateText(until))" }
        let recovery = try await session.client.read(
            "identity_recovery", .object(["account": try session.client.encode(view.account)]), as: RecoveryView.self)
        guard let open = recovery.open.first(where: { $0.key == view.key }) else { return "the recovery is over" }
        guard let time = open.completesAt else {
            let threshold = recovery.policy?.threshold ?? 0
            return "\(open.approvals.count) of \(threshold) guardians have agreed"
        }
        return "the account can object until \(dateText(time))"
    }
}

struct AccountRotate: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Replaces the key of the signing account by another of this wallet, at once.",
        discussion: """
            For a key that may have leaked, or a machine that is given away. Address, money, INFTs, licenses, memberships \
            and credentials stay what they were; the old key can do nothing any more.

            \(example("key new anna2", "account rotate --key anna2 --from anna"))
            """)
    @OptionGroup var globals: Globals
    @Option(help: ArgumentHelp("The new key: an account of this wallet that is not registered.", valueName: "name"))
    var key: String

    func validate() throws {
        if globals.buildOnly != nil {
            throw ValidationError("--build-only is not for this: the new key is of this wallet.")
        }
    }

    func perform(_ session: Session) async throws {
        let account = try session.sender()
        let secret = try session.newKey(key)
        try await session.verifyNetwork()
        guard let view = try await session.keyView(of: account) else {
            throw WalletFailure(.usage, "\(session.text(.account(account))) is no registered account")
        }
        let request = RecoveryRequest(
            account: account, secret: secret, changes: view.changes, network: session.network.genesis)
        try await session.act([.identities(.rotateKey(RotateKey(key: request.key, proof: request.proof)))])
        guard try await session.keyView(of: request.key)?.speaks == true else {
            return Console.err("When it is final: mednexus account recover finish \(key)")
        }
        try await session.adopt(request.key, for: account)
    }
}

extension Session {
    /// Whose key it is; nil if no account has or had it. Proven where a checkpoint is pinned: a name of this wallet must not
    /// come to mean somebody else's account.
    func keyView(of key: Address) async throws(WalletFailure) -> KeyView? {
        let params = parameters(["key": try client.encode(key)])
        guard network.checkpoint != nil else {
            return try await client.read("identity_key", .object(params), as: KeyView?.self)
        }
        let answer = try await client.provenAnswer("identity_key", params, trusting: try pinnedCheckpoint())
        return try decode(answer.value, as: KeyView?.self)
    }

    /// The key that speaks for an account now, proven.
    func provenKey(of account: Address) async throws(WalletFailure) -> Address {
        let answer = try await client.provenAnswer(
            "account_get", parameters(["address": try client.encode(account)]), trusting: try pinnedCheckpoint())
        guard let view = try decode(answer.value, as: AccountView?.self) else {
            throw WalletFailure(.usage, "\(text(.account(account))) is no registered account")
        }
        return view.key
    }

    /// The secret of a key of this wallet, by its name or its own address.
    func newKey(_ text: String) throws(WalletFailure) -> SecretKey {
        let keystore = try unlock()
        let named = keystore.account(named: text, network: network.kind)?.address
        let given = TypedText.decode(text, kind: "", network: network.kind).map { Address($0) }
        guard let address = named ?? given, let secret = keystore.key(of: address) else {
            throw WalletFailure(
                .key, "there is no key \(text) in this wallet", hint: "Make one: mednexus key new \(text)")
        }
        return secret
    }

    func adopt(_ key: Address, for account: Address) async throws(WalletFailure) {
        let lock = try await takeLock()
        defer { withExtendedLifetime(lock) {} }
        var book = try home.keyBook()
        book.add(key, for: account, on: network.genesis)
        try home.save(book)
    }
}
