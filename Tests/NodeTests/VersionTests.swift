import Interface
import Storage
import Testing

/// Wallets and nodes compare one number, so it has to move with what homes and proofs are made of.
@Suite struct VersionTests {
    @Test("the ledger's version that a node tells is the schema that its home has")
    func ledger() {
        #expect(ProgramVersion.ledger == SchemaPath.standard.current)
        #expect(ProgramVersion.description == "\(ProgramVersion.text) (ledger \(ProgramVersion.ledger))")
    }
}
