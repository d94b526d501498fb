/// What people type where the ledger names an operation or a method of the RPC.
///
/// The pure rooms speak of operations (`license.releaseSeat`) and methods (`license_quote`), since they serve whoever writes
/// a wallet of its own. Who uses this one is told its commands.
public enum CommandWords {
    /// Operations that have a command.
    public static let operations: [String: String] = [
        "asset.create": "asset create", "asset.freeze": "asset freeze", "asset.issue": "asset issue",
        "asset.redeem": "asset redeem", "arbiter.enroll": "arbiter enroll", "arbiter.leave": "arbiter leave",
        "consent.breakGlass": "consent break-glass", "consent.countersign": "consent countersign",
        "consent.disclose": "consent disclose", "consent.grant": "consent grant", "consent.narrow": "consent narrow",
        "consent.nameReviewers": "consent reviewers", "consent.review": "consent review",
        "consent.withdraw": "consent withdraw", "consentSet.add": "consent set add",
        "consentSet.create": "consent set create", "credential.accept": "credential accept",
        "credential.decline": "credential decline", "credential.offer": "credential offer",
        "credential.revoke": "credential revoke", "delegation.grant": "delegation grant",
        "delegation.revoke": "delegation revoke", "dispute.accept": "dispute accept",
        "dispute.advance": "dispute advance", "dispute.appeal": "dispute appeal",
        "dispute.beginShow": "dispute show-key", "dispute.claim": "dispute claim",
        "dispute.commitVote": "dispute vote", "dispute.completeShow": "dispute show-key",
        "dispute.decline": "dispute decline", "dispute.raise": "dispute raise", "dispute.respond": "dispute respond",
        "dispute.revealNonce": "dispute reveal", "dispute.revealVote": "dispute reveal",
        "dispute.settle": "dispute settle", "governance.propose": "governance propose",
        "governance.vote": "governance vote", "group.create": "group create", "group.join": "group join",
        "identity.changeSponsor": "account change-sponsor", "identity.sponsor": "account sponsor",
        "inft.acceptTransfer": "inft accept", "inft.authorizeUse": "inft authorize",
        "inft.beginTransfer": "inft deliver", "inft.cancelTransfer": "inft cancel-transfer",
        "inft.clone": "inft clone", "inft.completeTransfer": "inft deliver", "inft.deauthorizeUse": "inft deauthorize",
        "inft.erase": "inft erase", "inft.freeze": "inft freeze", "inft.liftRecall": "inft lift-recall",
        "inft.mint": "inft mint", "inft.recall": "inft recall", "inft.reseal": "inft reseal",
        "inft.retire": "inft retire", "inft.revise": "inft revise", "inft.setKeyCustodians": "inft key-custodians",
        "inft.setMetadata": "inft metadata", "inft.transfer": "inft transfer", "key.rotate": "account rotate",
        "license.acknowledgeRecall": "inft acknowledge", "license.answerNeeds": "license answer",
        "license.assignSeat": "license seat assign",
        "license.begin": "license deliver", "license.complete": "license deliver",
        "license.dismissAgent": "license agent --dismiss", "license.link": "license link",
        "license.nameAgent": "license agent", "license.purchase": "license buy", "license.refund": "license refund",
        "license.releaseSeat": "license seat release", "license.renew": "license renew",
        "license.reportOutcome": "license outcome", "license.requestVersion": "license request-version",
        "license.returnQuota": "license return-quota", "license.revoke": "license revoke",
        "license.sublicense": "license sublicense", "license.surrender": "license surrender",
        "license.topUp": "license top-up", "license.transfer": "license transfer", "license.use": "license use",
        "mandate.grant": "mandate grant", "mandate.revoke": "mandate revoke", "offer.cancel": "offer cancel",
        "offer.create": "offer create", "offer.update": "offer update", "organization.create": "org create",
        "organization.update": "org member", "recovery.approve": "account recover approve",
        "recovery.arrange": "account recover arrange", "recovery.cancel": "account recover cancel",
        "recovery.start": "account recover request", "recovery.withdraw": "account recover withdraw",
        "revenue.claim": "revenue claim", "revenue.pay": "revenue pay", "revenue.transfer": "revenue transfer",
        "revenue.transferShare": "revenue share transfer", "terms.register": "terms new",
    ]

    /// Methods that have a command.
    public static let methods: [String: String] = [
        "account_tasks": "account inbox", "account_transactions": "account history", "asset_list": "asset list",
        "consent_check": "consent check", "content_info": "content info", "dispute_get": "dispute show",
        "dispute_list": "dispute list", "governance_get": "governance show", "governance_list": "governance list",
        "group_get": "group show", "identity_credentials": "credential list",
        "identity_delegations": "delegation list", "identity_get": "party show", "identity_mandates": "mandate list",
        "inft_erasure": "erasure show", "inft_get": "inft show", "inft_list": "inft list",
        "inft_recalls": "inft recalls", "inft_standing": "inft recalls INFT", "license_check": "license check",
        "license_get": "license show", "license_list": "license list", "license_quote": "license quote",
        "license_quoteSublicense": "license sublicense",
        "node_status": "node status", "node_validators": "node validators", "offer_list": "offer list",
        "revenue_balance": "revenue balance", "revenue_statement": "revenue statement",
        "revenue_vault": "revenue vault", "tx_get": "tx show", "tx_status": "tx wait",
    ]

    /// What a method's parameter is on the command line.
    private static let phrases = [
        ("license_list(above)", "mednexus license list --above LICENSE"),
        (
            "Gather the missing signatures with `tx sign` and `tx merge`.",
            "Add --co-sign NAME for each who signs in this wallet; for others --build-only FILE, then tx sign and tx merge."
        ),
        ("Leave that signature out;", "Leave that signature out (mednexus tx merge FILE --without NAME);"),
        (
            "and say to the custodian which disease it is",
            "and say to the custodian which disease it is: --opening FILE beside --disease does both"
        ),
    ]

    /// Fields of terms that have an option of another name.
    public static let termsOptions: [String: String] = [
        "commercial.isAllowed": "--commercial", "commercial.requiresAttribution": "--commercial-attribution",
        "commercial.revenueCeiling": "--revenue-ceiling", "commercial.revenueShare": "--revenue-share",
        "derivatives.isAllowed": "--derivatives", "derivatives.isReciprocal": "--reciprocal",
        "derivatives.requiresApproval": "--derivative-approval",
        "derivatives.requiresAttribution": "--derivative-attribution",
        "derivatives.revenueCeiling": "--derivative-revenue-ceiling", "derivatives.royaltyPolicy": "--royalty-policy",
        "grant.coversRevisions": "--revisions", "grant.durationMilliseconds": "--duration",
        "grant.isExclusive": "--exclusive", "grant.isRenewable": "--renewable",
        "grant.isSublicensable": "--sublicensable", "grant.isTransferable": "--transferable",
        "grant.revocableFor": "--revocable-for", "grant.seats": "--seats", "grant.trialMilliseconds": "--trial",
        "payment.asset": "--asset", "payment.fee": "--fee", "payment.outcome": "--outcome-amount and the like",
        "payment.outcome.amount": "--outcome-amount", "payment.outcome.measure": "--outcome-measure",
        "payment.outcome.minimumReports": "--outcome-minimum", "payment.outcome.threshold": "--outcome-threshold",
        "payment.outcome.withinMilliseconds": "--outcome-within", "payment.perUseFee": "--per-use-fee",
        "payment.prepaidUses": "--prepaid-uses", "scope.allowsTraining": "--training",
        "scope.diseases": "--disease", "scope.fieldsOfUse": "--field", "scope.languages": "--language",
        "scope.purposes": "--purpose",
        "scope.requiredCredentials": "--credential", "scope.researchAims": "--research-aim",
        "scope.territories": "--territory",
    ]

    /// What `license check` has to be told where the answer is this reason (``LicenseReason``).
    public static let useOptions: [String: String] = [
        "agentNotAuthorized": "--user", "aimNotLicensed": "--research-aim", "attributionMissing": "--attributed",
        "diseaseNotLicensed": "--disease", "fieldNotLicensed": "--field",
        "fieldNotStated": "--field", "languageNotLicensed": "--language", "languageNotStated": "--language",
        "memberNotLicensed": "--member", "purposeNotLicensed": "--purpose", "purposeNotStated": "--purpose",
        "territoryNotLicensed": "--territory", "territoryNotStated": "--territory", "userNotLicensed": "--user",
        "versionNotLicensed": "--content-version", "withoutSeat": "--user",
    ]

    /// `license.releaseSeat` is `mednexus license seat release`; nil of what has no command.
    public static func command(_ name: String) -> String? {
        (operations[name] ?? methods[name]).map { "mednexus " + $0 }
    }

    /// A sentence of the ledger, for who types commands.
    public static func translated(_ text: String) -> String {
        var text = text
        for (phrase, command) in phrases { text = text.replacing(phrase, with: command) }
        var result = ""
        var rest = text[...]
        while let start = rest.firstIndex(where: isPartOfName) {
            result += rest[..<start]
            let end = rest[start...].firstIndex { !isPartOfName($0) } ?? rest.endIndex
            var word = rest[start..<end]
            // A full stop behind a name ends the sentence.
            while word.last == "." { word.removeLast() }
            // Typed already: what stands behind the program's name is no name of the ledger.
            result += result.hasSuffix("mednexus ") ? String(word) : command(String(word)) ?? String(word)
            rest = rest[word.endIndex...]
            while rest.first == "." { result.append(rest.removeFirst()) }
        }
        return result + rest
    }

    private static func isPartOfName(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "." || character == "_")
    }
}
