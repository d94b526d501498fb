internal import Consents
public import Primitives
public import StateModel

/// What was published under a consent set, whatever its INFT cites by now.
public enum CitingVersions {
    /// INFTs of which a sealed version that is not erased was published under `set`, of the first `versions` such versions.
    public static func infts(
        under set: ConsentSetID, versions: Int, in context: QueryContext
    ) throws(Refusal) -> [INFTID] {
        let entries: [IndexEntry]
        do throws(StateFailure) {
            entries = try context.index.scan(
                prefix: INFTIndexes.versions(under: set), after: nil, limit: versions, descending: false)
        } catch {
            throw .failed(error)
        }
        var found: [INFTID] = []
        for entry in entries {
            guard let (inft, _) = INFTIndexes.version(entry.key), inft != found.last else { continue }
            found.append(inft)
        }
        return found
    }
}
