import ArgumentParser
import Consents
import Cryptography
import Encoding
import INFTs
import Interface
import Licenses
import Primitives
import Revenue
import Transactions
import WalletKit

/// Everything that a mint says, with or without parents.
struct MintOptions: ParsableArguments {
    @OptionGroup(title: "Content") var content: ContentOptions

    @Option(
        name: .customLong("class"),
        help: ArgumentHelp("What it is: \(INFTClass.names.joined(separator: ", ")).", valueName: "class"))
    var inftClass: String

    @OptionGroup(title: "Metadata") var metadata: MetadataOptions

    @Option(
        help: ArgumentHelp(
            "Who shares in the revenue (repeatable; sums to 100): clara=60. All of it is yours if absent.",
            valueName: "name=percent"))
    var share: [String] = []

    @Option(
        help: ArgumentHelp(
            "Who made it, and how much of it (repeatable; sums to 100). Those of --share if absent; each signs, with "
                + "--co-sign.", valueName: "name=percent"))
    var creator: [String] = []

    @Option(help: ArgumentHelp("CRediT roles of a creator (repeatable): clara=software.", valueName: "name=role"))
    var role: [String] = []

    @Flag(help: "It holds data about people; always so for a case.")
    var humanData = false

    @Option(help: ArgumentHelp("The consent set that permits data about people.", valueName: "set"))
    var consentSet: String?

    @OptionGroup(title: "Offer, in the same transaction") var sale: SaleOptions

    /// Mint first, so that the operations behind it name it as `#0`.
    func perform(_ session: Session, parents: [String]) async throws {
        let open = content.seal ? nil : try content.content()
        let inftClass = try Codes.one(inftClass, INFTClass.self, "class")
        let metadata = try metadata.metadata()
        try await session.verifyNetwork()
        let actor = try session.actor()
        let alone = [ShareHolder(party: actor, share: .whole)]
        let holders = share.isEmpty ? alone : try Shares.parse(share, option: "--share", session)
        let made = creator.isEmpty ? holders : try Shares.parse(creator, option: "--creator", session)
        let roles = try Shares.roles(role, session)
        if let stranger = roles.keys.first(where: { party in !made.contains { $0.party == party } }) {
            throw WalletFailure(.usage, "--role names \(session.plainNames.party(stranger)), who is no creator")
        }
        let creators = made.map {
            Creator(party: $0.party, contribution: $0.share, roles: roles[$0.party] ?? [])
        }
        try requireSigners(creators, actor, session)
        let set = try consentSet.map { (text) throws(WalletFailure) -> ConsentSetID in try session.id(text) }
        var parentLicenses: [ParentLicenseView] = []
        for parent in parents { parentLicenses.append(try await ParentLicenseView(parent, session)) }
        func mint(_ content: ContentVersion) -> LedgerOperation {
            .infts(
                .mint(
                    Mint(
                        inftClass: inftClass, content: content, metadata: metadata, creators: creators,
                        holders: holders, parents: parentLicenses.map(\.inft).sorted(),
                        hasHumanData: humanData || set != nil || inftClass == .case_, consentSet: set)))
        }
        var operations: [LedgerOperation] = []
        if !parents.isEmpty {
            let licenses = parentLicenses.map { Reference<LicenseKind>.id($0.license) }
            operations.append(.licenses(.link(LinkLicenses(derivative: .operation(0), licenses: licenses))))
        }
        let offer = try await sale.operations(for: .operation(0), isSealed: content.seal, session)
        operations += offer.operations
        let notes = parentLicenses.flatMap(\.notes) + offer.notes
        if let open { return try await session.act([mint(open)] + operations, notes: notes) }
        guard let kept = try await content.sealed(session) else { return }
        try await session.mint(kept, owner: actor, and: operations, notes: notes, mint)
    }

    /// Said before anything is signed: nobody is named as a creator without a signature.
    private func requireSigners(
        _ creators: [Creator], _ actor: Party, _ session: Session
    ) throws(WalletFailure) {
        guard session.globals.buildOnly == nil else { return }
        let sender = try session.sender()
        var signers = [sender]
        for name in session.globals.coSign { signers.append(try session.account(name)) }
        for creator in creators {
            guard case .account(let address) = creator.party, creator.party != actor, !signers.contains(address)
            else { continue }
            let name = session.plainNames.party(creator.party)
            throw WalletFailure(
                .usage, "\(name) must sign as a creator",
                hint: "Add --co-sign if the key is in this wallet, or use --build-only FILE and let them sign it; or "
                    + "name the creators by themselves with --creator.")
        }
    }
}

extension Session {
    /// Mints content that was encrypted here; `rest` are further operations of the transaction.
    func mint(
        _ kept: KeptContentSecret, owner: Party, and rest: [LedgerOperation], notes: [String],
        _ mint: (ContentVersion) -> LedgerOperation
    ) async throws {
        let keyring = try keyring()
        try await publish(kept, notes: notes) { (place) throws(WalletFailure) in
            let content = try keyring.content(kept, inft: nil, version: 1, owner: owner, at: place, operation: 0)
            return (content, [mint(.sealed(content))] + rest)
        }
    }

    /// Puts content that was encrypted here on the ledger. Its keys go again where surely nobody can ever take it: as long as
    /// nothing that is signed, or that others are to sign, has left this wallet.
    func publish(
        _ kept: KeptContentSecret, notes: [String],
        _ operations: (OperationPlace) throws(WalletFailure) -> (SealedContent, [LedgerOperation])
    ) async throws {
        var sealingKeys: [CompressedPoint] = []
        // A file for others to sign may be all that they need; nobody asks this wallet again.
        var isSigned = globals.buildOnly != nil
        do {
            try await act(
                notes: notes,
                before: { (transaction) throws(WalletFailure) in
                    // Without a signature: what the node is asked it could not put on the ledger. Others' consent it can't
                    // judge then.
                    if globals.coSign.isEmpty { try await rehearse(unsigned: transaction.body) }
                    isSigned = true
                },
                { (place) throws(WalletFailure) in
                    let (content, all) = try operations(place)
                    sealingKeys.append(content.sealingKey)
                    return all
                })
        } catch let failure as WalletFailure where !isSigned {
            do throws(WalletFailure) {
                try shred(kept, sealingKeys)
            } catch {
                // What stood against it is what the person came for.
                let left = "Its keys could not be removed: \(error.message) (content forget \(kept.root))."
                throw WalletFailure(
                    failure.kind, failure.message, hint: failure.hint.isEmpty ? left : failure.hint + " " + left,
                    answer: failure.answer, mayHaveArrived: failure.mayHaveArrived)
            }
            throw failure
        } catch let failure as WalletFailure where failure.kind == .refused {
            // The keys stay: a node's word that it refused is no proof that nothing was minted.
            try dropCopy(of: kept.root)
            let forget = "Its keys stay in this wallet (mednexus content secrets; content forget \(kept.root))."
            throw WalletFailure(
                failure.kind, failure.message, hint: failure.hint.isEmpty ? forget : failure.hint + " " + forget,
                answer: failure.answer, mayHaveArrived: failure.mayHaveArrived)
        }
        if globals.wait, globals.buildOnly == nil { try settle(kept) }
    }

    private func shred(_ kept: KeptContentSecret, _ sealingKeys: [CompressedPoint]) throws(WalletFailure) {
        let secrets = SecretFiles(home: home, keystore: try unlock())
        for key in sealingKeys { try secrets.shred(.sealing(key)) }
        try secrets.shred(.content(kept.root))
        try dropCopy(of: kept.root)
    }

    /// Fails as the ledger would if its sender alone had signed it now.
    private func rehearse(unsigned body: TransactionBody) async throws(WalletFailure) {
        if let refusal = try await rehearse(body.signed([]).bytes).refusal { throw refusal.failure }
    }

    /// What a final version has made needless: its point, which the key sealed to the owner opens, and the ciphertext, which
    /// the node has. Fewer copies are fewer to delete when somebody asks for erasure.
    func settle(_ kept: KeptContentSecret) throws(WalletFailure) {
        try keyring().forgetContent(kept.root)
        try dropCopy(of: kept.root)
    }
}

/// A license that a derivative will use up.
struct ParentLicenseView {
    let license: LicenseID
    let inft: INFTID
    let notes: [String]

    init(_ text: String, _ session: Session) async throws(WalletFailure) {
        license = try session.id(text)
        let view: LicenseView = try await session.client.read(
            "license_get", .object(["license": session.json(license)]))
        let registered: TermsView = try await session.client.read(
            "terms_get", .object(["terms": session.json(view.license.terms)]))
        let terms = registered.terms
        inft = view.license.inft
        let names = try await session.names()
        var notes = [
            "The license \(names.id(license)) on \(names.id(inft)) is used up: it becomes the link to this derivative."
        ]
        if terms.commercial.revenueShare > .zero {
            var line = "\(terms.commercial.revenueShare.percentText) of its revenue goes to \(names.id(inft)) for good"
            if let asset = terms.payment.asset, let ceiling = terms.commercial.revenueCeiling {
                line += ", up to \(names.amount(ceiling, of: asset))"
            }
            notes.append(line + ".")
        }
        if terms.derivatives.requiresApproval {
            notes.append("The owner of \(names.id(inft)) must sign, too (--co-sign, or --build-only).")
        }
        if terms.derivatives.isReciprocal {
            notes.append("It can be offered under the terms \(names.id(view.license.terms)) only.")
        }
        self.notes = notes
    }
}

struct INFTMint: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "mint", abstract: "Makes an INFT from a file; offers it in the same transaction if asked to.",
        discussion: example(
            "inft mint --file cha2ds2-vasc.json --class algorithm --title \"CHA2DS2-VASc\" --field cardiology \\\n"
                + "    --share clara=60 --share ben=40 --co-sign ben --terms clinical-use --price 25.00 --asset EURX \\\n"
                + "    --as score --from clara",
            "inft mint --file local.json --class localization --title \"…\" --parent score-license --as local"))
    @OptionGroup var mint: MintOptions
    @Option(
        help: ArgumentHelp(
            "A license on each INFT that it derives from (repeatable); used up by it.", valueName: "license"))
    var parent: [String] = []
    @OptionGroup(title: "Signing") var globals: Globals

    func perform(_ session: Session) async throws { try await mint.perform(session, parents: parent) }
}
