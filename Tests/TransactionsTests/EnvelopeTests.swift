import Cryptography
import Encoding
import Identities
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing
import Transactions

/// Each refusal of the envelope, by its code.
struct EnvelopeTests {
    static let network = testHash("network")
    static let alice = secretKey(1)
    static let bob = secretKey(2)

    static func body(
        network: Hash = network, sender: Address = alice.address, sequence: UInt64 = 0, validUntil: Timestamp? = nil,
        operations: [Operation] = [Examples.all[17]]
    ) -> TransactionBody {
        TransactionBody(
            network: network, sender: sender, sequence: sequence, validUntil: validUntil,
            actingFor: Examples.clinic, reference: testHash("order"), operations: operations)
    }

    /// The code by which bytes are refused on the way to a verified transaction; nil if they are not.
    static func code(_ bytes: [UInt8]) -> Int? {
        do throws(Rejection) {
            _ = try VerifiedTransaction(try SignedTransaction(try RawTransaction(bytes)), network: network)
            return nil
        } catch {
            #expect(error.domain == "transaction" && !error.reason.isEmpty && !error.message.isEmpty)
            return error.code
        }
    }

    /// The complete bytes around a body that is written by hand.
    static func bytes(_ body: TransactionBody, _ signatures: [AccountSignature]) -> [UInt8] {
        var writer = CBORWriter()
        writer.array(2)
        writer.write(body)
        writer.write(signatures)
        return writer.bytes
    }

    @Test("A good transaction passes all three steps; its hash covers the body, its wire id everything")
    func good() throws {
        let body = Self.body(validUntil: testStart)
        let raw = body.signed(by: [Self.bob, Self.alice])
        let transaction = try VerifiedTransaction(try SignedTransaction(raw), network: Self.network)
        #expect(transaction.body == body && transaction.bytes == raw.bytes)
        #expect(transaction.hash == body.hash && transaction.hash == HashTag.transaction.hash(body.encoded))
        #expect(transaction.wireID == HashTag.wire.hash(raw.bytes) && transaction.wireID != transaction.hash)
        #expect(transaction.signed.signatures.map(\.account) == [Self.alice.address, Self.bob.address].sorted())
        // Another auxiliary value: another signature, another wire id, the same transaction.
        let other = AccountSignature(
            account: Self.alice.address,
            signature: Schnorr.sign(message: body.hash, secret: Self.alice, auxiliary: testHash("x").bytes))
        let variant = try SignedTransaction(body.signed([other, signature(of: body.hash, by: Self.bob)]))
        #expect(variant.hash == transaction.hash && variant.wireID != transaction.wireID)
        let weights = body.operations.reduce(0) { $0 + $1.weight }
        #expect(transaction.weight == 10 + UInt64(raw.bytes.count) / 64 + 90 + weights)
    }

    @Test("Every operation comes back from its bytes and from its JSON, under its name; the examples are all there are")
    func identity() throws {
        #expect(Examples.all.map(\.name).sorted() == Operation.names.sorted())
        for operation in Examples.all {
            #expect(try Operation(decoding: operation.encoded) == operation)
            let body = Self.body(operations: [operation])
            let transaction = try SignedTransaction(body.signed(by: [Self.alice]))
            #expect(transaction.body == body && transaction.isReserved == operation.isReserved)
            #expect(!operation.operation.words(PlainNames()).isEmpty && operation.weight >= 10)
        }
        let reserved = Examples.all.filter(\.isReserved).map(\.name)
        #expect(
            Set(reserved) == [
                "identity.changeSponsor", "recovery.cancel", "consent.withdraw", "revenue.claim",
                "inft.completeTransfer", "inft.erase", "license.complete", "license.refund", "dispute.completeShow",
            ])
    }

    @Test("1002: signed for another network")
    func wrongNetwork() {
        #expect(Self.code(Self.body().signed(by: [Self.alice]).bytes) == nil)
        #expect(Self.code(Self.body(network: testHash("other")).signed(by: [Self.alice]).bytes) == 1002)
    }

    @Test("1004: a signature that does not verify, of another message, by another key, or of no key")
    func signatures() throws {
        let body = Self.body()
        var bytes = body.signed(by: [Self.alice]).bytes
        bytes[bytes.count - 1] ^= 1
        #expect(Self.code(bytes) == 1004)
        let foreign = signature(of: Self.body(sequence: 1).hash, by: Self.alice)
        #expect(Self.code(body.signed([foreign]).bytes) == 1004)
        let byBob = signature(of: body.hash, by: Self.bob).signature
        #expect(
            Self.code(body.signed([AccountSignature(account: Self.alice.address, signature: byBob)]).bytes) == 1004)
        // About half of all x are on no point of the curve.
        var offCurve = Address(.zero)
        for index in UInt64(2)... {
            offCurve = Address(Bytes32(0, 0, 0, index))
            if !Schnorr.isValidPublicKey(offCurve) { break }
        }
        let orphan = Self.body(sender: offCurve)
        #expect(Self.code(orphan.signed([AccountSignature(account: offCurve, signature: byBob)]).bytes) == 1004)
        let zero = try #require(Signature([UInt8](repeating: 0, count: 64)))
        #expect(Self.code(body.signed([AccountSignature(account: Self.alice.address, signature: zero)]).bytes) == 1004)
    }

    @Test("1005: nobody signed; which key speaks for the sender the state alone knows")
    func missingSignature() {
        #expect(Self.code(Self.body().signed(by: []).bytes) == 1005)
        #expect(Self.code(Self.body().signed(by: [Self.bob]).bytes) == nil)
    }

    @Test("1000: signatures that are unsorted, doubled, or too many")
    func unsortedSignatures() {
        let body = Self.body(validUntil: testStart)
        let both = [signature(of: body.hash, by: Self.alice), signature(of: body.hash, by: Self.bob)]
            .sorted { $0.account < $1.account }
        #expect(Self.code(Self.bytes(body, both)) == nil)
        #expect(Self.code(Self.bytes(body, both.reversed())) == 1000)
        #expect(Self.code(Self.bytes(body, [both[0], both[0], both[1]])) == 1000)
        let many = (1...17).map { signature(of: body.hash, by: secretKey($0)) }.sorted { $0.account < $1.account }
        #expect(Self.code(Self.bytes(body, many)) == 1000)
        let sixteen = many.filter { $0.account != Self.bob.address }
        #expect(sixteen.count == 16 && Self.code(Self.bytes(body, sixteen)) == nil)
    }

    @Test("1006, 1007, 1008: validUntil is the last block time, needed and near where several sign")
    func validity() throws {
        func transaction(_ validUntil: Timestamp?, _ keys: [SecretKey]) throws -> VerifiedTransaction {
            try VerifiedTransaction(
                try SignedTransaction(Self.body(validUntil: validUntil).signed(by: keys)), network: Self.network)
        }
        func code(_ transaction: VerifiedTransaction, at time: Timestamp) -> Int? {
            do throws(Rejection) {
                try transaction.checkTime(time)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(Self.code(Self.body().signed(by: [Self.alice, Self.bob]).bytes) == 1007)
        let day = testStart.adding(milliseconds: millisecondsPerDay)
        let after = Timestamp(testStart.milliseconds + 1)
        let before = Timestamp(testStart.milliseconds - 1)
        let alone = try transaction(day, [Self.alice])
        let joint = try transaction(day, [Self.alice, Self.bob])
        for one in [alone, joint] {
            #expect(code(one, at: testStart) == nil && code(one, at: day) == nil)
            #expect(code(one, at: Timestamp(day.milliseconds + 1)) == 1006)
        }
        #expect(code(joint, at: before) == 1008 && code(alone, at: before) == nil)
        #expect(code(try transaction(nil, [Self.alice]), at: .maximum) == nil)
        #expect(code(try transaction(testStart, [Self.alice]), at: after) == 1006)
    }

    @Test("1000: trailing, missing and non-canonical bytes, another count of fields, nesting beyond all bounds")
    func encoding() {
        let bytes = Self.body().signed(by: [Self.alice]).bytes
        #expect(Self.code(bytes + [0]) == 1000)
        for count in 0..<bytes.count { #expect(Self.code(Array(bytes[..<count])) == 1000) }
        // The sequence 0 in two bytes; behind the array heads, network and sender.
        let position = 2 + 34 + 34
        #expect(bytes[position] == 0)
        #expect(Self.code(bytes[..<position] + [0x18, 0] + bytes[(position + 1)...]) == 1000)
        #expect(Self.code([0x9f] + bytes[1...] + [0xff]) == 1000)
        #expect(Self.code([0x83] + bytes[1...] + [0xf6]) == 1000)
        for depth in [25, 1_000, 60_000] {
            #expect(Self.code([UInt8](repeating: 0x81, count: depth)) == 1000)
            #expect(Self.code([0x82, 0x87] + [UInt8](repeating: 0x81, count: depth)) == 1000)
            let operations = Array(bytes[..<2]) + bytes[2..<(position + 1)] + [0xf6, 0xf6, 0xf6]
            #expect(Self.code(operations + [UInt8](repeating: 0x81, count: depth)) == 1000)
        }
        // Lengths that no memory holds.
        #expect(Self.code([0x9b, 255, 255, 255, 255, 255, 255, 255, 255]) == 1000)
        #expect(Self.code([0x82, 0x87, 0x5b, 127, 255, 255, 255, 255, 255, 255, 255]) == 1000)
    }

    @Test("1001: more bytes than a transaction may have are refused before they are looked at")
    func oversize() {
        let largest = [UInt8](repeating: 0, count: WireLimits.transactionBytes)
        #expect(Self.code(largest) == 1000 && Self.code(largest + [0]) == 1001)
    }

    @Test("1000: no operation, or more than 64")
    func operationCount() {
        let operation = Examples.all[17]
        #expect(Self.code(Self.body(operations: []).signed(by: [Self.alice]).bytes) == 1000)
        func many(_ count: Int) -> [UInt8] {
            Self.body(operations: [Operation](repeating: operation, count: count)).signed(by: [Self.alice]).bytes
        }
        #expect(Self.code(many(64)) == nil && Self.code(many(65)) == 1000)
    }

    @Test("1012: an operation of a domain or a kind that does not exist; damage inside one that does is 1000")
    func unknownOperation() throws {
        let body = Self.body()
        let encoded = body.encoded
        let operation = body.operations[0].encoded
        func code(_ replacement: [UInt8]) -> Int? {
            var bytes: [UInt8] = [0x82]
            bytes += encoded[..<(encoded.count - operation.count)] + replacement
            var writer = CBORWriter()
            writer.write([signature(of: body.hash, by: Self.alice)])
            return Self.code(bytes + writer.bytes)
        }
        #expect(code(operation) == nil)
        for domain: [UInt8] in [[0], [7], [23], [0x18, 200], [0x19, 1, 0]] {
            #expect(code([0x82] + domain + [0x82, 0, 0x80]) == 1012)
        }
        for domain in UInt8(1)...6 {
            for kind: [UInt8] in [[0x18, 60], [0x18, 99], [0x1b, 255, 255, 255, 255, 255, 255, 255, 255]] {
                #expect(code([0x82, domain, 0x82] + kind + [0x80]) == 1012)
            }
        }
        // identity.sponsor of an unknown kind of party.
        let sponsor = Examples.all[0].encoded
        #expect(sponsor.last == PartyKind.researcher.rawValue)
        #expect(code(Array(sponsor.dropLast()) + [23]) == 1000)
    }

    @Test("1011: reserved acts travel in transactions of their own")
    func reservedMixed() {
        let claim = Operation.revenue(Examples.revenue[7])
        let pay = Operation.revenue(Examples.revenue[5])
        let withdraw = Operation.consents(Examples.consents[2])
        #expect(Self.code(Self.body(operations: [claim, withdraw]).signed(by: [Self.alice]).bytes) == nil)
        #expect(Self.code(Self.body(operations: [claim, pay]).signed(by: [Self.alice]).bytes) == 1011)
        #expect(Self.code(Self.body(operations: [pay, pay, withdraw]).signed(by: [Self.alice]).bytes) == 1011)
    }

    @Test("What is simulated may be unsigned; what is signed must verify")
    func simulated() throws {
        let body = Self.body()
        let unsigned = try SimulatedTransaction(body.signed([]).bytes, network: Self.network)
        #expect(unsigned.body == body && unsigned.hash == body.hash && unsigned.keys == nil)
        let signed = try SimulatedTransaction(body.signed(by: [Self.alice]).bytes, network: Self.network)
        #expect(signed.keys == [Self.alice.address])
        func code(_ bytes: [UInt8]) -> Int? {
            do throws(Rejection) {
                _ = try SimulatedTransaction(bytes, network: Self.network)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code(Self.body(network: testHash("other")).signed([]).bytes) == 1002)
        #expect(code(body.signed([]).bytes + [0]) != nil)
        #expect(code(body.signed([signature(of: testHash("x"), by: Self.alice)]).bytes) == 1004)
    }

    @Test("Every refusal has a code of its own between 1000 and 1039, a reason and a summary")
    func table() {
        let table = TransactionRejection.descriptions
        #expect(Set(table.map(\.code)).count == table.count && Set(table.map(\.reason)).count == table.count)
        #expect(table.allSatisfy { (1000..<1040).contains($0.code) && !$0.summary.isEmpty })
    }
}
