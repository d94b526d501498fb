public import Blocks
internal import Consents
public import Cryptography
internal import Encoding
internal import Governance
internal import INFTs
internal import Identities
internal import Licenses
public import Primitives
internal import Revenue
public import StateModel
internal import Transactions
internal import Votes

extension Transactions.Operation: JSONUnionDescribed {}

extension Signature: JSONSchemaDescribed {
    public static var jsonSchema: JSONValue {
        .object([
            "type": "string", "pattern": "^[0-9a-f]{128}$", "description": "A BIP-340 signature, hexadecimal.",
        ])
    }
    public static var jsonSample: Signature { Signature(noncePoint: .zero, scalar: .zero) }
}

extension MethodTable {
    /// Every method of the ledger: the node's, the chain's, the transactions', and each domain's queries. A new domain
    /// adds a line to each of the two lists.
    public static func standard(
        networkKind: NetworkKind, version: String, admissionRejections: [RejectionDescription] = []
    ) -> MethodTable {
        let queries =
            IdentitiesDomain.queries + INFTsDomain.queries + LicensesDomain.queries + ConsentsDomain.queries
            + RevenueDomain.queries + GovernanceDomain.queries
        let rejections =
            TransactionRejection.descriptions + admissionRejections + IdentitiesDomain.rejections
            + ConsentsDomain.rejections + RevenueDomain.rejections + INFTsDomain.rejections
            + LicensesDomain.rejections + GovernanceDomain.rejections
        let methods =
            ledgerMethods(TransactionCoding.standard) + [.contentInfo]
            + ([AccountTasks.query] + queries).map { Method($0) }
        return MethodTable(
            methods: methods, rejections: rejections, networkKind: networkKind, version: version)
    }
}

extension HeaderView {
    public init(_ header: BlockHeader) {
        self.init(
            hash: header.hash, network: header.network, height: header.height, parent: header.parent,
            time: header.time, epoch: header.epoch, proposer: header.proposer, validatorSet: header.validatorSet,
            transactionsRoot: header.transactionsRoot, receiptsRoot: header.receiptsRoot,
            evidenceRoot: header.evidenceRoot, stateRoot: header.stateRoot,
            encodedHeader: ByteString(header.encoded))
    }
}

extension BlockView {
    /// `eventCount` counts all that the block made. Transactions of a final block decode.
    public init(_ block: FinalizedBlock, eventCount: UInt64) throws(Rejection) {
        var hashes: [Hash] = []
        for bytes in block.block.transactions { hashes.append(try SignedTransaction(try RawTransaction(bytes)).hash) }
        let height = block.block.header.height
        self.init(
            header: HeaderView(block.block.header), transactions: hashes,
            certificate: block.certificate.map { certificate in
                CertificateView(
                    height: height, blockHash: certificate.blockHash, view: certificate.view.value,
                    epoch: certificate.epoch.value, signers: certificate.signers.indexes.map { UInt64($0) },
                    encodedCertificate: ByteString(certificate.encoded))
            }, eventCount: eventCount, encodedBlock: ByteString(block.block.encoded))
    }
}
