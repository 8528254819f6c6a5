extension API {
    /// `/api/v1/rules`: rules are not evaluated here, so that there are no groups.
    func rules(_ call: Call) async throws(APIError) -> Answer {
        let type = call.form["type"].lowercased()
        guard ["", "alert", "record"].contains(type) else {
            throw .invalidParameter("type", "not supported value \"\(type)\"")
        }
        return .data { $0.append("{\"groups\":[]}") }
    }

    func alerts(_ call: Call) async throws(APIError) -> Answer {
        .data { $0.append("{\"alerts\":[]}") }
    }

    func alertmanagers(_ call: Call) async throws(APIError) -> Answer {
        .data { $0.append("{\"activeAlertmanagers\":[],\"droppedAlertmanagers\":[]}") }
    }
}
