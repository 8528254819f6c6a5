// What a GPU is called.
extension NVMLDevice {
    static func identity(
        _ index: Int, _ handle: NVMLFunctions.Device, _ functions: NVMLFunctions
    ) throws(SourceError) -> GPUIdentity {
        GPUIdentity(
            index: index,
            uuid: try readText(capacity: 96, "read the UUID of GPU \(index)") {
                functions.deviceUUID(handle, $0, $1)
            },
            pciBusID: pciBusID(handle, functions),
            modelName: try readText(capacity: 96, "read the name of GPU \(index)") {
                functions.deviceName(handle, $0, $1)
            },
            texts: texts(handle, functions))
    }

    private static func pciBusID(_ handle: NVMLFunctions.Device, _ functions: NVMLFunctions) -> String {
        typealias Layout = NVMLLayout.PCIInfo
        return withNVMLStructure(Layout.size) { info in
            guard functions.pciInfo(handle, info) == 0 else { return "" }
            let bytes = UnsafeRawBufferPointer(start: info + Layout.busID, count: Layout.busIDLength)
            return text(bytes.lazy.map { CChar(bitPattern: $0) })
        }
    }

    /// What can be shown as labels; a text that the GPU does not have is absent.
    private static func texts(_ handle: NVMLFunctions.Device, _ functions: NVMLFunctions) -> [TextField: String] {
        let symbols = functions.symbols
        var texts: [TextField: String] = [:]
        func add(_ field: TextField, _ call: (UnsafeMutablePointer<CChar>, UInt32) -> Int32?) {
            texts[field] = try? readText(capacity: 96, "read a text") { call($0, $1) ?? 13 }
        }
        let plain: [(TextField, String)] = [
            (.serial, "Serial"), (.vbios, "VbiosVersion"), (.inforomImage, "InforomImageVersion"),
        ]
        for (field, name) in plain {
            let function: NVMLFunctions.DeviceText? = symbols.optional("nvmlDeviceGet" + name)
            add(field) { function?(handle, $0, $1) }
        }
        // nvmlInforomObject_t.
        let objects: [(TextField, UInt32)] = [(.oemInforom, 0), (.eccInforom, 1), (.powerInforom, 2)]
        let inforom: NVMLFunctions.DeviceKindText? = symbols.optional("nvmlDeviceGetInforomVersion")
        for (field, object) in objects { add(field) { inforom?(handle, object, $0, $1) } }
        let version: NVMLFunctions.SystemText? = symbols.optional("nvmlSystemGetNVMLVersion")
        add(.nvmlVersion) { version?($0, $1) }
        let brand: NVMLFunctions.DeviceNumber? = symbols.optional("nvmlDeviceGetBrand")
        var number: UInt32 = 0
        if let brand, brand(handle, &number) == 0 { texts[.brand] = brands[Int(number)] }
        return texts
    }

    /// `nvmlBrandType_t`, by the words that DCGM has for it.
    private static let brands: [Int: String] = [
        1: "Quadro", 2: "Tesla", 3: "NVS", 4: "GRID", 5: "GeForce", 6: "Titan", 7: "NVIDIA Virtual Applications",
        8: "NVIDIA Virtual PC", 9: "NVIDIA Virtual Compute Server", 10: "NVIDIA RTX Virtual Workstation",
        11: "NVIDIA Cloud Gaming", 12: "Quadro RTX", 13: "NVIDIA RTX", 14: "NVIDIA", 15: "GeForce RTX", 16: "Titan RTX",
    ]
}

/// Calls a function that writes a C string.
///
/// - Throws: `SourceError` saying what was attempted.
func readText(
    capacity: Int, _ attempt: String, _ call: (UnsafeMutablePointer<CChar>, UInt32) -> Int32
) throws(SourceError) -> String {
    var buffer = [CChar](repeating: 0, count: capacity)
    let code = buffer.withUnsafeMutableBufferPointer { buffer in
        buffer.baseAddress.map { call($0, UInt32(capacity)) } ?? NVMLStatus.functionNotFound.code
    }
    let status = NVMLStatus(code: code)
    guard status == .success else { throw SourceError("cannot \(attempt): \(status)") }
    return text(buffer)
}

/// The characters before the first zero; a library that wrote none ends at the buffer's end.
func text(_ characters: some Sequence<CChar>) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
