/// Every page of a stopped home's stores, also where they are so large that a start looks at a part only.
public enum StoreExamination {
    /// Throws ``StorageFailure/damaged(what:)`` with the page.
    public static func run(in storageDirectory: String) throws(StorageFailure) {
        for name in ["log", "state"] {
            let file = storageDirectory + "/" + name + "/data.mdb"
            if Platform.exists(file) { try PageCheck.run(file, .whole) }
        }
    }
}
