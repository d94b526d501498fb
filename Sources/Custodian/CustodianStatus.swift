internal import Interface
public import Primitives

/// What a custodian has open, for people: read from its journal.
public struct CustodianStatus: Codable, Hashable, Sendable {
    public struct Task: Codable, Hashable, Sendable {
        /// delivery, disclosure or erasure
        public let kind: String
        /// Of a delivery.
        public let delivery: DeliveryID?
        /// Of a disclosure: the hash of its request.
        public let request: Hash?
        /// Of an erasure.
        public let consent: ConsentID?
        /// The height at which it was noticed; null of a disclosure.
        public let since: Height?
        /// noticed, prepared, begun or released: the last step that the journal has.
        public let step: String
        /// Why it waits; null while it goes on.
        public let waiting: WaitKind?
        public let detail: String?
        public let until: Timestamp?
    }

    /// Events were read up to this height.
    public let height: Height
    /// By identifier.
    public let tasks: [Task]
}

extension CustodianCore {
    public var status: CustodianStatus {
        CustodianStatus(
            height: cursor.height,
            tasks: tasks.keys.sorted().compactMap { task in tasks[task].map { Self.view(task, $0) } })
    }

    private static func view(_ task: CustodianTask, _ state: TaskState) -> CustodianStatus.Task {
        var (delivery, request, consent): (DeliveryID?, Hash?, ConsentID?)
        let kind: String
        switch task {
        case .delivery(let id): (kind, delivery) = ("delivery", id)
        case .disclosure(let hash): (kind, request) = ("disclosure", hash)
        case .erasure(let id): (kind, consent) = ("erasure", id)
        }
        let step =
            state.isReleased
            ? "released" : state.beginsAt != nil ? "begun" : state.preparations.isEmpty ? "noticed" : "prepared"
        return CustodianStatus.Task(
            kind: kind, delivery: delivery, request: request, consent: consent,
            since: request == nil ? state.openedAt : nil, step: step, waiting: state.reason?.kind,
            detail: state.reason.flatMap { $0.detail.isEmpty ? nil : $0.detail }, until: state.reason?.until)
    }
}
