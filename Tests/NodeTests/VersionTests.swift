import Interface
import Storage
import Testing

/// Wallets and nodes compare one number, so it has to move with what homes and proofs are made of.
@Suite struct VersionTests {
    @Test("the ledger's version that a node tells is that of the last schema that changed what is read")
    func ledger() {
        // A home of an older schema than this can't hold it: who changes the oldest changes this.
        #expect(ProgramVersion.ledger >= SchemaPath.standard.oldest)
        #expect(ProgramVersion.ledger <= SchemaPath.standard.current)
        #expect(ProgramVersion.description == "\(ProgramVersion.text) (ledger \(ProgramVersion.ledger))")
    }
}
