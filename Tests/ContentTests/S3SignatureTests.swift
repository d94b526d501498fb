import Content
import Primitives
import Testing

/// The examples of Amazon's documentation, "Signature Calculations for the Authorization Header".
@Suite struct S3SignatureTests {
    static let credentials = S3Credentials(
        accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    static let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    static let time = Timestamp(1_369_353_600_000)

    private func sign(
        _ method: String, _ path: String, query: [(String, String)] = [], headers: [(String, String)] = [],
        payload: String = nothing
    ) -> String {
        let stamp = S3Signature.stamp(Self.time)
        let all =
            [("host", "examplebucket.s3.amazonaws.com"), ("x-amz-content-sha256", payload), ("x-amz-date", stamp)]
            + headers
        let header = S3Signature.authorization(
            method, path: S3Signature.escaped(path, isPath: true), query: S3Signature.query(query),
            headers: all.map { (name: $0.0, value: $0.1) }, payloadHash: payload, stamp: stamp, region: "us-east-1",
            credentials: Self.credentials)
        return String(header.suffix(64))
    }

    @Test("the published signatures")
    func published() {
        #expect(S3Signature.stamp(Self.time) == "20130524T000000Z")
        #expect(
            sign("GET", "/test.txt", headers: [("range", "bytes=0-9")])
                == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
        #expect(
            sign(
                "PUT", "/test$file.text",
                headers: [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
                payload: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072")
                == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
        #expect(
            sign("GET", "/", query: [("lifecycle", "")])
                == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
        #expect(
            sign("GET", "/", query: [("prefix", "J"), ("max-keys", "2")])
                == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    }

    @Test(
        "days of the calendar",
        arguments: [
            (951_782_400_000, "20000229T000000Z"), (0, "19700101T000000Z"), (1_709_251_199_000, "20240229T235959Z"),
            (1_772_366_400_000, "20260301T120000Z"), (4_102_444_799_000, "20991231T235959Z"),
        ] as [(UInt64, String)])
    func calendar(_ milliseconds: UInt64, _ stamp: String) {
        #expect(S3Signature.stamp(Timestamp(milliseconds)) == stamp)
    }
}
