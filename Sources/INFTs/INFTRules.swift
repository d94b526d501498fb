internal import Consents
internal import Cryptography
internal import Identities
internal import Primitives
internal import Revenue
internal import StateModel

/// What metadata, content and creators must be like.
enum INFTRules {
    /// A group is made by `group.create`, which asks its members' owners; its content is the list of its members.
    static func requireNoGroup(_ inftClass: INFTClass, field: String) throws(Refusal) {
        guard inftClass == .group else { return }
        throw INFTRejection.classNotAllowed.at(
            field, "a group is neither minted, revised nor cloned", hint: "group.create")
    }

    /// Form alone; ``checkProofs(_:_:inft:version:owner:field:in:)`` looks at what sealed content proves.
    static func check(_ content: ContentVersion, field: String) throws(Refusal) {
        let rejection: INFTRejection = content.isSealed ? .sealedInvalid : .contentInvalid
        guard content.size > 0, content.size <= INFTsLimits.contentBytes else {
            throw rejection.at("\(field).size", "\(content.size) bytes; 1 to \(INFTsLimits.contentBytes)")
        }
        guard isMediaType(content.mediaType) else {
            throw rejection.at("\(field).mediaType", "a media type is type/subtype (RFC 6838)")
        }
        guard case .open(let open) = content else { return }
        guard open.location.map({ isLocation($0) }) != false else {
            throw INFTRejection.contentInvalid.at(
                "\(field).location",
                "a location is a URI (https:, ipfs:, …) of at most \(INFTsLimits.locationBytes) bytes")
        }
    }

    /// Sealed content that an owner publishes: a fresh sealing key that the owner holds, and a sealed key that the owner
    /// made. So nobody passes off another's sealed key as theirs, or makes an honest custodian open it for them.
    static func checkProofs(
        _ content: ContentVersion, _ act: SealingAct, inft: Bytes32, version: UInt64, owner: Party, field: String,
        in context: OperationContext
    ) throws(Refusal) {
        guard case .sealed(let sealed) = content else { return }
        try SealingKeys.requireFresh(sealed.sealingKey, field: field, in: context.state)
        let statement = Sealing.ownStatement(act, inft: inft, version: version, of: owner, in: context)
        try Sealing.checkPossession(of: sealed.sealingKey, sealed.possession, statement, field: field)
        try Sealing.checkOrigin(
            of: sealed.sealedKey, to: sealed.sealingKey, sealed.origin, statement, field: field)
    }

    /// A revision of sealed content shares nothing with the latest version that would open both.
    static func checkRotation(
        _ content: ContentVersion, after record: INFTRecord, in state: any StateReader
    ) throws(Refusal) {
        guard case .sealed(let new) = content, case .sealed(let old) = record.latest else { return }
        let shared = [
            (new.root == old.root, "root"), (new.keyCommitment == old.keyCommitment, "keyCommitment"),
            (new.salt == old.salt, "salt"), (new.sealingKey == old.sealingKey, "sealingKey"),
        ].first { $0.0 }
        if let shared {
            throw INFTRejection.keyNotRotated.at(
                "content.\(shared.1)", "it is the \(shared.1) of version \(record.versionCount)",
                hint: "Encrypt each version with a content key, salt and sealing key of its own.")
        }
    }

    static func check(_ metadata: INFTMetadata, of inftClass: INFTClass) throws(Refusal) {
        guard inftClass.allowsFreeText else { return try checkClosedVocabulary(metadata, of: "a case") }
        guard !metadata.title.isEmpty else {
            throw INFTRejection.titleMissing.at("metadata.title", "a title is missing")
        }
        for (text, limit, name) in [
            (metadata.title, INFTsLimits.titleBytes, "title"),
            (metadata.abstract, INFTsLimits.abstractBytes, "abstract"),
        ] where !isText(text, limit: limit, allowsLines: name == "abstract") {
            throw INFTRejection.textInvalid.at("metadata.\(name)", "at most \(limit) bytes, no control characters")
        }
        try checkLanguage(metadata)
        try checkCodes(metadata.codes)
        try PersonIdentifiers.check(metadata)
        try checkJurisdictions(metadata.jurisdictions)
    }

    /// Codes, place and institution together single out a patient with a rare disease, so a case has neither codes nor
    /// place; a title or an abstract could hold anything.
    static func checkClosedVocabulary(_ metadata: INFTMetadata, of what: String) throws(Refusal) {
        let offending =
            !metadata.title.isEmpty
            ? "title"
            : !metadata.abstract.isEmpty
                ? "abstract"
                : !metadata.codes.isEmpty ? "codes" : !metadata.jurisdictions.isEmpty ? "jurisdictions" : nil
        if let offending {
            throw INFTRejection.caseMetadata.at(
                "metadata.\(offending)", "\(what) is described by field, evidence and language only",
                hint: "Put the description into the content.")
        }
        try checkLanguage(metadata)
    }

    private static func checkLanguage(_ metadata: INFTMetadata) throws(Refusal) {
        guard metadata.language.map({ isLanguage($0) }) != false else {
            throw INFTRejection.languageInvalid.at(
                "metadata.language", "a language is a BCP 47 tag, such as en or pt-BR")
        }
    }

    private static func checkCodes(_ codes: [MetadataCode]) throws(Refusal) {
        guard codes.count <= INFTsLimits.codes else {
            throw INFTRejection.listTooLong.at("metadata.codes", "\(codes.count) codes; at most \(INFTsLimits.codes)")
        }
        for (index, code) in codes.enumerated() {
            guard isLocation(code.system, limit: INFTsLimits.codeSystemBytes),
                isPrintable(code.code, limit: INFTsLimits.codeBytes)
            else {
                throw INFTRejection.codeInvalid.at(
                    "metadata.codes[\(index)]", "a system is a URI (http://loinc.org), a code has no spaces")
            }
            guard index == 0 || codes[index - 1] < code else {
                throw INFTRejection.listUnsorted.at("metadata.codes[\(index)]", "sorted by system and code, each once")
            }
        }
    }

    private static func checkJurisdictions(_ jurisdictions: [String]) throws(Refusal) {
        guard jurisdictions.count <= INFTsLimits.jurisdictions else {
            throw INFTRejection.listTooLong.at(
                "metadata.jurisdictions", "\(jurisdictions.count); at most \(INFTsLimits.jurisdictions)")
        }
        for (index, jurisdiction) in jurisdictions.enumerated() {
            guard Jurisdictions.isValid(jurisdiction) else {
                throw INFTRejection.jurisdictionInvalid.at(
                    "metadata.jurisdictions[\(index)]", "an ISO 3166 code, such as DE or US-CA")
            }
            // Both are ASCII, whose bytes have String's order.
            guard index == 0 || jurisdictions[index - 1] < jurisdiction else {
                throw INFTRejection.listUnsorted.at("metadata.jurisdictions[\(index)]", "sorted, each once")
            }
        }
    }

    /// Creators: known, sorted, their contributions a whole; each but the actor must have signed, so that nobody is
    /// named against their will.
    static func check(_ creators: [Creator], in context: OperationContext) throws(Refusal) {
        guard !creators.isEmpty, creators.count <= INFTsLimits.creators else {
            throw INFTRejection.creatorsInvalid.at("creators", "\(creators.count); 1 to \(INFTsLimits.creators)")
        }
        var sum: UInt64 = 0
        for (index, creator) in creators.enumerated() {
            let path = "creators[\(index)]"
            guard index == 0 || creators[index - 1].party < creator.party else {
                throw INFTRejection.creatorsInvalid.at("\(path).party", "creators are sorted by party, each once")
            }
            guard zip(creator.roles, creator.roles.dropFirst()).allSatisfy({ $0 < $1 }) else {
                throw INFTRejection.listUnsorted.at("\(path).roles", "roles are in CRediT's order, each once")
            }
            guard creator.contribution > .zero else {
                throw INFTRejection.contributionsNotWhole.at(
                    "\(path).contribution", "leave out who contributed nothing")
            }
            sum += UInt64(creator.contribution.parts)
            _ = try Parties.requireKnown(creator.party, field: "\(path).party", in: context.state)
            if creator.party != context.actor {
                try Authority.require(creator.party, for: .content, in: context, field: "\(path).party")
            }
        }
        guard sum == 1_000_000 else {
            throw INFTRejection.contributionsNotWhole.at("creators", "the contributions sum to \(sum), not to 1000000")
        }
    }

    /// Data about people needs a consent set in force that permits its deposit, and if everyone may read it, its
    /// publication for general research too.
    static func checkConsent(
        _ id: ConsentSetID?, hasHumanData: Bool, inftClass: INFTClass, isOpen: Bool, actor: Party,
        in context: OperationContext
    ) throws(Refusal) {
        guard hasHumanData else {
            guard inftClass != .case_ else {
                throw INFTRejection.humanDataRequired.at("hasHumanData", "a case is always data about a person")
            }
            guard id == nil else {
                throw INFTRejection.consentSetUnneeded.at("consentSet", "only data about people cites a consent set")
            }
            return
        }
        guard let id else {
            throw INFTRejection.consentSetMissing.at("consentSet", "data about people must cite a consent set")
        }
        guard let set = try ConsentSets.record(id, in: context.state) else {
            throw INFTRejection.consentSetUnknown.at("consentSet", "there is no consent set \(id)")
        }
        let now = context.block.time
        guard !set.isStale(at: now) else {
            throw INFTRejection.consentSetStale.at(
                "consentSet", "a consent of the set was withdrawn, narrowed or has expired",
                hint: "Cite a successor set without that consent.")
        }
        try require(UseRequest(actor: actor, action: .deposit, purposes: []), of: set, in: context)
        if isOpen {
            let research = ResearchUse(aims: [.general], undertakings: [.publish])
            try require(
                UseRequest(actor: actor, action: .publish, purposes: [.research], dataUse: research), of: set,
                in: context)
        }
    }

    private static func require(
        _ request: UseRequest, of set: ConsentSetRecord, in context: OperationContext
    ) throws(Refusal) {
        let decision = try ConsentSets.decide(set, request, at: context.block.time, in: context.state)
        guard decision.isPermit else {
            let reasons = decision.basis.reasons.elements.map(\.name).joined(separator: ", ")
            throw INFTRejection.consentDenied.at(
                "consentSet", "the set does not permit to \(request.action.name): \(decision.outcome) (\(reasons))",
                hint: request.action == .publish ? "Open content can be read by all, which is publication." : "")
        }
    }

    // MARK: Text

    static func isText(_ text: String, limit: Int, allowsLines: Bool) -> Bool {
        text.utf8.count <= limit
            && text.unicodeScalars.allSatisfy {
                $0.properties.generalCategory != .control || allowsLines && $0 == "\n"
            }
    }

    /// Visible ASCII without spaces, not empty.
    static func isPrintable(_ text: String, limit: Int) -> Bool {
        let bytes = text.utf8
        return !bytes.isEmpty && bytes.count <= limit && bytes.allSatisfy { $0 >= 33 && $0 <= 126 }
    }

    /// A URI by its form: a scheme, a colon, and visible characters.
    static func isLocation(_ text: String, limit: Int = INFTsLimits.locationBytes) -> Bool {
        guard isPrintable(text, limit: limit), let colon = text.utf8.firstIndex(of: 58) else { return false }
        let scheme = text.utf8[..<colon]
        guard let first = scheme.first, isLetter(first), text.utf8.index(after: colon) < text.utf8.endIndex else {
            return false
        }
        return scheme.allSatisfy { isLetter($0) || isDigit($0) || $0 == 43 || $0 == 45 || $0 == 46 }
    }

    /// `type/subtype` of restricted names (RFC 6838), in lower case, without parameters.
    static func isMediaType(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: 47, omittingEmptySubsequences: false)
        guard parts.count == 2, text.utf8.count <= INFTsLimits.mediaTypeBytes else { return false }
        return parts.allSatisfy { part in
            guard let first = part.first, isLower(first) || isDigit(first) else { return false }
            return part.allSatisfy { isLower($0) || isDigit($0) || [33, 35, 36, 38, 43, 45, 46, 94, 95].contains($0) }
        }
    }

    /// A tag of BCP 47 by its form: a language of two or three letters, then subtags of one to eight letters or digits.
    static func isLanguage(_ tag: String) -> Bool {
        let parts = tag.utf8.split(separator: 45, omittingEmptySubsequences: false)
        guard let language = parts.first, (2...3).contains(language.count), language.allSatisfy({ isLower($0) }),
            tag.utf8.count <= INFTsLimits.languageBytes, let last = parts.last, last.count >= 2
        else { return false }
        return parts.dropFirst().allSatisfy { part in
            (1...8).contains(part.count) && part.allSatisfy { isLetter($0) || isDigit($0) }
        }
    }

    private static func isLower(_ byte: UInt8) -> Bool { byte >= 97 && byte <= 122 }
    private static func isLetter(_ byte: UInt8) -> Bool { isLower(byte) || byte >= 65 && byte <= 90 }
    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }
}
