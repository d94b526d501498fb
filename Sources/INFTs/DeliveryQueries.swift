public import Primitives
public import StateModel

public struct DeliveryView: Codable, Hashable, Sendable {
    public let delivery: DeliveryRecord
    public let state: DeliveryState
    /// While it is begun: the completion is admitted before this time, and until that block if it comes later.
    public let completeBy: Timestamp?
    public let completeByHeight: Height?

    public init(_ delivery: DeliveryRecord) {
        self.delivery = delivery
        state = delivery.state
        completeBy = delivery.ending == nil ? delivery.begun?.completeBy : nil
        completeByHeight = delivery.ending == nil ? delivery.begun?.completeByHeight : nil
    }
}

public struct DeliveryParameters: Codable, Sendable {
    public let delivery: DeliveryID
}

public struct DeliveryListParameters: Codable, Sendable {
    public let from: Party?
    public let to: Party?
    public let inft: INFTID?
    public let onlyOpen: Bool?

    public init(from: Party? = nil, to: Party? = nil, inft: INFTID? = nil, onlyOpen: Bool? = nil) {
        self.from = from
        self.to = to
        self.inft = inft
        self.onlyOpen = onlyOpen
    }
}

extension INFTQueries {
    static let delivery = Query(
        "delivery_get", "A delivery of content: of a purchase (by the license's id, as a delivery), or a transfer.",
        [QueryParameter("delivery", "The delivery.")], from: DeliveryParameters.self, to: DeliveryView.self
    ) { (parameters, context) throws(Refusal) in
        DeliveryView(try Deliveries.require(parameters.delivery, field: "delivery", in: context.state))
    }

    public static let deliveries = Query(
        list: "delivery_list",
        "Deliveries, newest first: what a party is to deliver, what it receives, or those of an INFT.",
        [
            QueryParameter(
                "from", "Open deliveries that this party was to make when they were asked for.", required: false),
            QueryParameter("to", "To this party.", required: false),
            QueryParameter("inft", "Of this INFT.", required: false),
            QueryParameter("onlyOpen", "True: without those that have ended (default false).", required: false),
        ],
        from: DeliveryListParameters.self, of: DeliveryView.self
    ) { (parameters, request, context) throws(Refusal) in
        let found =
            parameters.from.map { INFTIndexes.deliveries(by: $0) }
            ?? parameters.to.map { INFTIndexes.deliveries(to: $0) }
            ?? parameters.inft.map { INFTIndexes.deliveries(of: $0) }
        guard let prefix = found else {
            throw INFTRejection.parameterMissing.at("", "name who delivers, who receives, or an INFT")
        }
        return try context.page(prefix, request, descending: true) { (entry) throws(Refusal) in
            guard let id = INFTIndexes.delivery(entry.key),
                let record = try Deliveries.record(id, in: context.state),
                parameters.to.map({ record.to == $0 }) != false, parameters.inft.map({ record.inft == $0 }) != false,
                parameters.onlyOpen != true || record.ending == nil
            else { return nil }
            return DeliveryView(record)
        }
    }
}
