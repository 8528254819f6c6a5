/// The numbered values of `nvmlDeviceGetFieldValues`, all asked for in one call.
///
/// Source: `NVML_FI_DEV_*` in nvml.h of CUDA 12.9.
struct NVMLFields {
    enum Field: UInt32, CaseIterable {
        case memoryTemperature = 82
        case nvlinkTransmittedKiB = 138
        case nvlinkReceivedKiB = 139
        case remappedCorrectable = 142
        case remappedUncorrectable = 143
        case remapFailure = 145

        /// NVLink counters are per link, and this scope means the sum of all.
        fileprivate var scope: UInt32 {
            self == .nvlinkTransmittedKiB || self == .nvlinkReceivedKiB ? .max : 0
        }
    }

    private typealias Layout = NVMLLayout.FieldValue

    /// Of the call as a whole; each value has its own besides.
    let code: Int32
    private let values: [Field: (bits: UInt64, type: UInt32)]

    static func read(_ device: NVMLFunctions.Device, _ call: NVMLFunctions.FieldValues) -> NVMLFields {
        let fields = Field.allCases
        return withNVMLStructure(fields.count * Layout.size) { array in
            for (place, field) in fields.enumerated() {
                array.storeBytes(of: field.rawValue, toByteOffset: place * Layout.size, as: UInt32.self)
                array.storeBytes(of: field.scope, toByteOffset: place * Layout.size + Layout.scope, as: UInt32.self)
            }
            let code = call(device, Int32(fields.count), array)
            var values: [Field: (UInt64, UInt32)] = [:]
            for (place, field) in fields.enumerated() {
                let entry = array + place * Layout.size
                guard entry.load(fromByteOffset: Layout.status, as: Int32.self) == 0 else { continue }
                values[field] = (
                    entry.load(fromByteOffset: Layout.value, as: UInt64.self),
                    entry.load(fromByteOffset: Layout.valueType, as: UInt32.self)
                )
            }
            return NVMLFields(code: code, values: values)
        }
    }

    /// The value as its type says: nvmlValueType_t 1 is a UInt32, 2 and 3 are 64 bits wide, 4 an Int64, 5 an Int32.
    func whole(_ field: Field) -> UInt64? {
        guard let (bits, type) = values[field] else { return nil }
        switch type {
        case 1: return UInt64(UInt32(truncatingIfNeeded: bits))
        case 2, 3: return bits
        case 4: return Int64(bitPattern: bits) < 0 ? nil : bits
        case 5: return UInt64(exactly: Int32(truncatingIfNeeded: bits))
        default: return nil
        }
    }

    /// The union's first 32 bits whatever its type says: drivers mislabel the memory temperature, DCGM reads it so too.
    func first32(_ field: Field) -> UInt32? {
        values[field].map { UInt32(truncatingIfNeeded: $0.bits) }
    }
}

/// DCGM's NVLink "total" is the rate since the previous collection in MB/s, 0 at the first.
struct NVLinkRate {
    private var previous: (totalKiB: UInt64, atNs: UInt64)?

    /// Nil where the counter went backwards, as it does when the driver is reloaded.
    mutating func megabytesPerSecond(totalKiB: UInt64, nowNs: UInt64) -> Int64? {
        defer { previous = (totalKiB, nowNs) }
        guard let previous else { return 0 }
        guard totalKiB >= previous.totalKiB, nowNs > previous.atNs else { return nil }
        let seconds = Double(nowNs - previous.atNs) / 1e9
        return Int64(exactly: (Double(totalKiB - previous.totalKiB) / 1000 / seconds).rounded(.towardZero))
    }
}
