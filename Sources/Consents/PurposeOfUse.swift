public import Encoding
public import Primitives

/// HL7 v3 PurposeOfUse (value set `v3-PurposeOfUse` of FHIR R4, code system ActReason): all 59 codes below its root.
///
/// In JSON and in words a purpose is its HL7 code: `TREAT`, `HRESCH`. Numbers are ours and fixed.
public enum PurposeOfUse: UInt8, NamedCode, CBORCodable, Comparable {
    case marketing = 0
    case operations = 1
    case careManagement = 2
    case donation = 3
    case fraud = 4
    case government = 5
    case healthAccreditation = 6
    case healthCompliance = 7
    case decedent = 8
    case directory = 9
    case healthcareDeliveryManagement = 10
    case legal = 11
    case healthOutcomeMeasure = 12
    case healthProgramReporting = 13
    case healthQualityImprovement = 14
    case healthSystemAdministration = 15
    case labeling = 16
    case metadataManagement = 17
    case memberAdministration = 18
    case militaryCommand = 19
    case patientAdministration = 20
    case patientSafety = 21
    case performanceMeasure = 22
    case recordsManagement = 23
    case systemDevelopment = 24
    case testHealthData = 25
    case training = 26
    case payment = 27
    case claimAttachment = 28
    case coverageAuthorization = 29
    case coverageUnderPolicyOrProgram = 30
    case eligibilityDetermination = 31
    case eligibilityVerification = 32
    case enrollment = 33
    case militaryDischarge = 34
    case remittanceAdvice = 35
    case research = 36
    case biomedicalResearch = 37
    case clinicalTrialResearch = 38
    case clinicalTrialResearchWithoutPatientCare = 39
    case clinicalTrialResearchWithPatientCare = 40
    case preclinicalTrialResearch = 41
    case diseaseSpecificResearch = 42
    case populationOriginsResearch = 43
    case translationalResearch = 44
    case patientRequested = 45
    case familyRequested = 46
    case powerOfAttorney = 47
    case supportNetwork = 48
    case publicHealth = 49
    case disaster = 50
    case threat = 51
    case treatment = 52
    case clinicalTrial = 53
    case coordinationOfCare = 54
    case emergencyTreatment = 55
    case breakTheGlass = 56
    case emergencyRoomTreatment = 57
    case populationHealth = 58

    /// The HL7 code.
    public var name: String {
        switch self {
        case .marketing: "HMARKT"
        case .operations: "HOPERAT"
        case .careManagement: "CAREMGT"
        case .donation: "DONAT"
        case .fraud: "FRAUD"
        case .government: "GOV"
        case .healthAccreditation: "HACCRED"
        case .healthCompliance: "HCOMPL"
        case .decedent: "HDECD"
        case .directory: "HDIRECT"
        case .healthcareDeliveryManagement: "HDM"
        case .legal: "HLEGAL"
        case .healthOutcomeMeasure: "HOUTCOMS"
        case .healthProgramReporting: "HPRGRP"
        case .healthQualityImprovement: "HQUALIMP"
        case .healthSystemAdministration: "HSYSADMIN"
        case .labeling: "LABELING"
        case .metadataManagement: "METAMGT"
        case .memberAdministration: "MEMADMIN"
        case .militaryCommand: "MILCDM"
        case .patientAdministration: "PATADMIN"
        case .patientSafety: "PATSFTY"
        case .performanceMeasure: "PERFMSR"
        case .recordsManagement: "RECORDMGT"
        case .systemDevelopment: "SYSDEV"
        case .testHealthData: "HTEST"
        case .training: "TRAIN"
        case .payment: "HPAYMT"
        case .claimAttachment: "CLMATTCH"
        case .coverageAuthorization: "COVAUTH"
        case .coverageUnderPolicyOrProgram: "COVERAGE"
        case .eligibilityDetermination: "ELIGDTRM"
        case .eligibilityVerification: "ELIGVER"
        case .enrollment: "ENROLLM"
        case .militaryDischarge: "MILDCRG"
        case .remittanceAdvice: "REMITADV"
        case .research: "HRESCH"
        case .biomedicalResearch: "BIORCH"
        case .clinicalTrialResearch: "CLINTRCH"
        case .clinicalTrialResearchWithoutPatientCare: "CLINTRCHNPC"
        case .clinicalTrialResearchWithPatientCare: "CLINTRCHPC"
        case .preclinicalTrialResearch: "PRECLINTRCH"
        case .diseaseSpecificResearch: "DSRCH"
        case .populationOriginsResearch: "POARCH"
        case .translationalResearch: "TRANSRCH"
        case .patientRequested: "PATRQT"
        case .familyRequested: "FAMRQT"
        case .powerOfAttorney: "PWATRNY"
        case .supportNetwork: "SUPNWK"
        case .publicHealth: "PUBHLTH"
        case .disaster: "DISASTER"
        case .threat: "THREAT"
        case .treatment: "TREAT"
        case .clinicalTrial: "CLINTRL"
        case .coordinationOfCare: "COC"
        case .emergencyTreatment: "ETREAT"
        case .breakTheGlass: "BTG"
        case .emergencyRoomTreatment: "ERTREAT"
        case .populationHealth: "POPHLTH"
        }
    }

    /// The next wider purpose; nil for those right below the root.
    public var parent: PurposeOfUse? {
        switch self {
        case .careManagement, .donation, .fraud, .government, .healthAccreditation, .healthCompliance, .decedent,
            .directory, .healthcareDeliveryManagement, .legal, .healthOutcomeMeasure, .healthProgramReporting,
            .healthQualityImprovement, .healthSystemAdministration, .memberAdministration, .militaryCommand,
            .patientAdministration, .patientSafety, .performanceMeasure, .recordsManagement, .systemDevelopment,
            .training:
            .operations
        case .labeling, .metadataManagement: .healthSystemAdministration
        case .testHealthData: .systemDevelopment
        case .claimAttachment, .coverageAuthorization, .coverageUnderPolicyOrProgram, .remittanceAdvice: .payment
        case .eligibilityDetermination, .eligibilityVerification, .enrollment,
            .militaryDischarge:
            .coverageUnderPolicyOrProgram
        case .biomedicalResearch, .clinicalTrialResearch, .diseaseSpecificResearch, .populationOriginsResearch,
            .translationalResearch:
            .research
        case .clinicalTrialResearchWithoutPatientCare, .clinicalTrialResearchWithPatientCare,
            .preclinicalTrialResearch:
            .clinicalTrialResearch
        case .familyRequested, .powerOfAttorney, .supportNetwork: .patientRequested
        case .disaster, .threat: .publicHealth
        case .clinicalTrial, .coordinationOfCare, .emergencyTreatment, .populationHealth: .treatment
        case .breakTheGlass, .emergencyRoomTreatment: .emergencyTreatment
        default: nil
        }
    }

    /// True if `other` is this purpose or one of its kinds: `HRESCH` includes `BIORCH`.
    public func includes(_ other: PurposeOfUse) -> Bool {
        var current: PurposeOfUse? = other
        while let purpose = current {
            if purpose == self { return true }
            current = purpose.parent
        }
        return false
    }

    /// One bit for each purpose.
    var mask: UInt64 { 1 << UInt64(rawValue) }
    /// Itself, and what includes it.
    var widerMask: UInt64 { Self.widerMasks[Int(rawValue)] }
    /// Itself, and its kinds.
    var kindsMask: UInt64 { Self.kindsMasks[Int(rawValue)] }

    private static let widerMasks: [UInt64] = masks { $1.includes($0) }
    private static let kindsMasks: [UInt64] = masks { $0.includes($1) }

    private static func masks(_ isIn: (PurposeOfUse, PurposeOfUse) -> Bool) -> [UInt64] {
        allCases.map { purpose in allCases.reduce(0) { isIn(purpose, $1) ? $0 | $1.mask : $0 } }
    }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
