extension GenesisTemplate.Source {
    /// Of a local network, so that a program alone starts one: what genesis/devnet.json has beside its explanations. A test
    /// compares them.
    package static let standard = GenesisTemplate.Source(
        name: "the standard template",
        text: #"""
            {
              "name": "devnet",
              "kind": "test",
              "time": 1763800000000,
              "governance": {
                "parameters": {
                  "epochLength": 40,
                  "deltaMilliseconds": 500,
                  "heartbeatMilliseconds": 30000,
                  "blockWeight": 500000,
                  "clockSkewMilliseconds": 2000
                },
                "validators": [
                  {
                    "name": "node-a",
                    "institution": "@organization:hospital",
                    "key": "@validator:0",
                    "transportKey": "@transport:0"
                  }
                ]
              },
              "identities": {
                "parameters": {"accountsPerSponsor": 100000, "stateBytesPerSponsor": 1073741824},
                "accounts": [
                  {
                    "address": "@account:accreditor",
                    "kind": "regulator",
                    "sponsor": "@organization:hospital"
                  },
                  {
                    "address": "@account:issuer",
                    "kind": "institution",
                    "sponsor": "@organization:hospital"
                  },
                  {
                    "address": "@account:hospital",
                    "kind": "institution",
                    "sponsor": "@organization:hospital"
                  },
                  {
                    "address": "@account:clinic",
                    "kind": "institution",
                    "sponsor": "@organization:clinic"
                  },
                  {
                    "address": "@account:author",
                    "kind": "researcher",
                    "sponsor": "@organization:hospital"
                  },
                  {
                    "address": "@account:coauthor",
                    "kind": "researcher",
                    "sponsor": "@organization:hospital"
                  },
                  {
                    "address": "@account:developer",
                    "kind": "researcher",
                    "sponsor": "@organization:clinic"
                  },
                  {
                    "address": "@account:patient",
                    "kind": "patient",
                    "sponsor": "@organization:hospital"
                  },
                  {
                    "address": "@account:patient-2",
                    "kind": "patient",
                    "sponsor": "@organization:hospital"
                  },
                  {
                    "address": "@account:patient-3",
                    "kind": "patient",
                    "sponsor": "@organization:hospital"
                  },
                  {
                    "address": "@account:newcomer",
                    "kind": "institution",
                    "sponsor": "@organization:hospital"
                  }
                ],
                "organizations": [
                  {
                    "id": "@organization:hospital",
                    "profile": {
                      "kind": "institution",
                      "name": "Devnet University Hospital",
                      "jurisdiction": "DE",
                      "identifiers": [],
                      "members": [{"account": "@account:hospital", "role": "administrator"}],
                      "policies": [{"operationClass": "administration", "threshold": 1, "roles": []}]
                    },
                    "isEnrolled": true
                  },
                  {
                    "id": "@organization:clinic",
                    "profile": {
                      "kind": "institution",
                      "name": "Devnet Clinic",
                      "jurisdiction": "DE",
                      "identifiers": [],
                      "members": [{"account": "@account:clinic", "role": "administrator"}],
                      "policies": [{"operationClass": "administration", "threshold": 1, "roles": []}]
                    },
                    "isEnrolled": true
                  }
                ],
                "accreditors": [
                  {
                    "party": "@account:accreditor",
                    "types": [
                      "affiliation",
                      "researcherStatus",
                      "acceptedTerms",
                      "controlledAccess",
                      "accreditation",
                      "medicalLicense",
                      "specialty",
                      "ethicsBoard",
                      "arbiter",
                      "assetIssuer",
                      "guardianship",
                      "regulator"
                    ],
                    "jurisdictions": []
                  }
                ],
                "delegations": [],
                "credentials": [
                  {
                    "id": "@credential:issuer",
                    "issuer": "@account:accreditor",
                    "claim": {
                      "subject": "@account:issuer",
                      "credentialType": "assetIssuer",
                      "scope": {"jurisdictions": [], "specialties": []},
                      "validFrom": 1763800000000,
                      "identifiers": []
                    }
                  }
                ]
              },
              "consents": {"consents": []},
              "revenue": {
                "issuers": [],
                "assets": [
                  {
                    "code": "EURX",
                    "title": "Devnet euro",
                    "scale": 2,
                    "issuer": "@account:issuer",
                    "freezePolicy": "never",
                    "issues": [
                      {"to": "@account:clinic", "amount": "10000000"},
                      {"to": "@account:developer", "amount": "1000000"},
                      {"to": "@account:author", "amount": "100000"},
                      {"to": "@organization:clinic", "amount": "5000000"}
                    ]
                  }
                ]
              },
              "infts": {},
              "licenses": {"terms": []}
            }
            """#)
}
