internal import Blocks
internal import Cryptography
internal import FoundationEssentials
internal import Glibc
internal import Governance
internal import Primitives

/// What `mednexusd doctor` finds: each thing that keeps operators awake, with what to do about it.
package struct DoctorFinding: Sendable {
    package enum Grade: String, Sendable {
        case good = "ok"
        case warning, problem
    }

    package let subject: String
    package let grade: Grade
    package let text: String

    package init(_ subject: String, _ grade: Grade, _ text: String) {
        self.subject = subject
        self.grade = grade
        self.text = text
    }
}

package enum Doctor {
    package static func examine(_ home: NodeHome, _ configuration: Configuration) -> [DoctorFinding] {
        var findings: [DoctorFinding] = []
        findings.append(permissions(home))
        findings.append(validatorKey(home))
        findings.append(transportKey(home))
        findings += signingGuard(home)
        findings += disk(home, reserveMebibytes: configuration.number("storage.reserve-mebibytes"))
        findings.append(clock())
        findings.append(openFiles())
        findings += content(home, configuration)
        findings += peers(home, configuration)
        for key in ["rpc.listen", "operator.listen"] { findings.append(exposure(key, configuration.address(key))) }
        return findings
    }

    private static func permissions(_ home: NodeHome) -> DoctorFinding {
        guard home.exists else {
            return DoctorFinding("home", .problem, "\(home.path) is no home; run `mednexusd init`")
        }
        guard FileManager.default.isWritableFile(atPath: home.path) else {
            return DoctorFinding("home", .problem, "\(home.path) is not writable by this user")
        }
        return DoctorFinding("home", .good, home.path)
    }

    private static func validatorKey(_ home: NodeHome) -> DoctorFinding {
        do {
            guard let key = try home.validatorKey() else {
                try home.requireKeyOfGuard(nil)
                return DoctorFinding("validator key", .good, "none: an observer, which serves reads and never votes")
            }
            return DoctorFinding(
                "validator key", .good,
                "address \(try NodeIdentity.validatorText(home) ?? "\(key.address.bytes)"), readable by its owner only")
        } catch {
            return DoctorFinding("validator key", .problem, "\(error)")
        }
    }

    private static func signingGuard(_ home: NodeHome) -> [DoctorFinding] {
        do {
            guard let isWatching = try home.isGuardWatching() else { return [] }
            return [
                isWatching
                    ? DoctorFinding("guard", .warning, "watches for another copy of the key; `status` says until when")
                    : DoctorFinding("guard", .good, "fits the key")
            ]
        } catch {
            return [DoctorFinding("guard", .problem, "\(error)")]
        }
    }

    private static func transportKey(_ home: NodeHome) -> DoctorFinding {
        do {
            return DoctorFinding("transport key", .good, "\(try NodeIdentity.contactKey(home))")
        } catch {
            return DoctorFinding("transport key", .problem, "\(error)")
        }
    }

    private static func content(_ home: NodeHome, _ configuration: Configuration) -> [DoctorFinding] {
        guard let held = ContentTools.holding(home, configuration) else { return [] }
        guard let blobs = held.blobs else { return [DoctorFinding("content", .good, "in \(held.place)")] }
        return [
            DoctorFinding(
                "content", .good,
                blobs == 0
                    ? "\(held.place) holds nothing; after a restore the old node's folder is to be copied there"
                    : "\(blobs) blobs, \(held.bytes >> 20) MiB, in \(held.place)")
        ]
    }

    /// A minute in all, if none of them answers.
    private static let maximumPeersTried = 20

    /// Whether the listeners of `p2p.peers` answer; what happens behind a connection the node itself reports.
    private static func peers(_ home: NodeHome, _ configuration: Configuration) -> [DoctorFinding] {
        var findings: [DoctorFinding] = []
        let peers = configuration.peers
        for contact in peers.prefix(maximumPeersTried) {
            let failure = PeerReach.failure(contact, milliseconds: 3000)
            findings.append(
                DoctorFinding(
                    "peer", failure == nil ? .good : .warning,
                    "\(contact.address) " + (failure.map { "can't be reached: \($0)" } ?? "can be reached")))
        }
        let validators = (try? home.genesis().governance.validators.count) ?? 1
        if peers.isEmpty, home.learnedPeers().isEmpty, validators > 1 {
            findings.append(
                DoctorFinding("peer", .warning, "none is configured: this node waits to be dialed; see p2p.peers"))
        }
        if configuration.optionalAddress("p2p.listen") != nil, configuration.text("p2p.advertise").isEmpty,
            (try? home.validatorKey()) != nil
        {
            findings.append(
                DoctorFinding(
                    "p2p.advertise", .warning, "is not set: only nodes that have this one in p2p.peers dial it"))
        }
        if configuration.optionalAddress("p2p.listen") == nil, !configuration.text("p2p.advertise").isEmpty {
            findings.append(DoctorFinding("p2p.advertise", .warning, "is told to peers although nothing listens"))
        }
        return findings
    }

    private static func disk(_ home: NodeHome, reserveMebibytes: UInt64) -> [DoctorFinding] {
        var findings: [DoctorFinding] = []
        if let free = freeBytes(home.path) {
            let mebibytes = free / 1_048_576
            let grade: DoctorFinding.Grade =
                mebibytes < reserveMebibytes ? .problem : mebibytes < reserveMebibytes * 8 ? .warning : .good
            findings.append(
                DoctorFinding(
                    "disk", grade, "\(mebibytes) MiB free; the node stops cleanly below \(reserveMebibytes) MiB"))
        }
        if let median = fsyncMicroseconds(home.path) {
            let grade: DoctorFinding.Grade = median > 20_000 ? .warning : .good
            findings.append(
                DoctorFinding(
                    "fsync", grade,
                    "median \(median) microseconds"
                        + (grade == .good ? "" : ": a validator waits for it in every view; use a faster disk")))
        } else {
            findings.append(
                DoctorFinding("fsync", .problem, "a file in \(home.path) can't be written and synchronized"))
        }
        return findings
    }

    package static func freeBytes(_ path: String) -> UInt64? {
        var status = statvfs()
        guard unsafe statvfs(path, &status) == 0 else { return nil }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }

    /// The median of twenty synchronized appends of a page.
    private static func fsyncMicroseconds(_ path: String) -> Int? {
        let file = path + "/doctor.probe"
        let descriptor = unsafe open(file, O_CREAT | O_WRONLY | O_TRUNC, 0o600)
        guard descriptor >= 0 else { return nil }
        defer {
            close(descriptor)
            unsafe unlink(file)
        }
        let page = [UInt8](repeating: 7, count: 4096)
        var durations: [Int] = []
        let clock = ContinuousClock()
        for _ in 0..<20 {
            let start = clock.now
            guard unsafe write(descriptor, page, page.count) == page.count, fdatasync(descriptor) == 0 else {
                return nil
            }
            let duration = clock.now - start
            durations.append(Int(duration.components.attoseconds / 1_000_000_000_000))
        }
        return durations.sorted()[10]
    }

    private static func clock() -> DoctorFinding {
        // What the usual time services leave behind while they keep the clock.
        let signs = [
            "/run/systemd/timesync/synchronized", "/run/chrony/chronyd.pid", "/run/chronyd.pid", "/run/ntpd.pid",
        ]
        let isKept = signs.contains { FileManager.default.fileExists(atPath: $0) }
        return isKept
            ? DoctorFinding("clock", .good, "kept by a time service")
            : DoctorFinding(
                "clock", .warning,
                "no time service found; votes need clocks within two seconds: run chrony or timesyncd")
    }

    private static func openFiles() -> DoctorFinding {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return DoctorFinding("open files", .warning, "the limit can't be read")
        }
        return limit.rlim_cur < 4096
            ? DoctorFinding("open files", .warning, "at most \(limit.rlim_cur); raise it to 4096 or more")
            : DoctorFinding("open files", .good, "at most \(limit.rlim_cur)")
    }

    private static func exposure(_ key: String, _ address: ListenAddress) -> DoctorFinding {
        address.host == "127.0.0.1" || address.host == "::1"
            ? DoctorFinding(key, .good, "\(address), this machine only")
            : DoctorFinding(key, .warning, "\(address) is reachable from outside; put a TLS proxy before it")
    }
}
