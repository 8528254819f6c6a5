/// The numbered values of `nvmlDeviceGetFieldValues`, all that are wanted asked for in one call.
///
/// Source: `NVML_FI_DEV_*` in nvml.h of CUDA 12.9.
struct NVMLFields {
    enum Field: UInt32, CaseIterable {
        case eccSingleVolatile = 3
        case eccDoubleVolatile = 4
        case eccSingleAggregate = 5
        case eccDoubleAggregate = 6
        case retiredSingle = 29
        case retiredDouble = 30
        case retiredPending = 31
        case nvlinkFlitErrors = 38
        case nvlinkDataErrors = 45
        case nvlinkReplays = 52
        case nvlinkRecoveries = 59
        case memoryTemperature = 82
        case nvlinkTransmittedKiB = 138
        case nvlinkReceivedKiB = 139
        case remappedCorrectable = 142
        case remappedUncorrectable = 143
        case remapPending = 144
        case remapFailure = 145
        case powerInstant = 186

        /// NVLink counters are per link, and this scope means the sum of all.
        fileprivate var scope: UInt32 {
            self == .nvlinkTransmittedKiB || self == .nvlinkReceivedKiB ? .max : 0
        }

        /// The metric that it makes, alone or with another.
        var metric: Metric {
            switch self {
            case .eccSingleVolatile: .eccSingleVolatile
            case .eccDoubleVolatile: .eccDoubleVolatile
            case .eccSingleAggregate: .eccSingleAggregate
            case .eccDoubleAggregate: .eccDoubleAggregate
            case .retiredSingle: .retiredSingle
            case .retiredDouble: .retiredDouble
            case .retiredPending: .retiredPending
            case .nvlinkFlitErrors: .nvlinkFlitErrors
            case .nvlinkDataErrors: .nvlinkDataErrors
            case .nvlinkReplays: .nvlinkReplays
            case .nvlinkRecoveries: .nvlinkRecoveries
            case .memoryTemperature: .memoryTemperature
            case .nvlinkTransmittedKiB, .nvlinkReceivedKiB: .nvlinkBandwidth
            case .remappedCorrectable: .correctableRemappedRows
            case .remappedUncorrectable: .uncorrectableRemappedRows
            case .remapPending: .rowRemapPending
            case .remapFailure: .rowRemapFailure
            case .powerInstant: .powerInstant
            }
        }

        /// Whether it changes from one second to the next.
        var isFast: Bool {
            switch self {
            case .memoryTemperature, .nvlinkTransmittedKiB, .nvlinkReceivedKiB, .powerInstant: true
            default: false
            }
        }
    }

    private typealias Layout = NVMLLayout.FieldValue

    /// Of the call as a whole; each value has its own besides.
    let code: Int32
    private let values: [Field: (bits: UInt64, type: UInt32)]

    static func read(
        _ fields: [Field], _ device: NVMLFunctions.Device, _ call: NVMLFunctions.FieldValues
    ) -> NVMLFields {
        withNVMLStructure(fields.count * Layout.size) { array in
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

    /// Puts a value that is complete by itself into the reading; a pair of NVLink counters is not.
    func put(_ field: Field, into reading: inout GPUReading) {
        switch field {
        case .nvlinkTransmittedKiB, .nvlinkReceivedKiB: break
        // Above 200 °C is how some boards say that they have no sensor; DCGM drops it too.
        case .memoryTemperature: reading.set(.memoryTemperature, first32(field).flatMap { $0 > 200 ? nil : $0 })
        case .powerInstant: reading[.powerInstant] = whole(field).map { .real(Double($0) / 1000) }
        default: reading.set(field.metric, whole(field))
        }
    }
}

/// DCGM's NVLink "total" is the rate since the previous collection, 0 at the first.
struct NVLinkRate {
    private var previous: (totalKiB: UInt64, atNs: UInt64)?

    /// Bytes per second. Nil where the counter went backwards, as it does when the driver is reloaded.
    mutating func bytesPerSecond(totalKiB: UInt64, nowNs: UInt64) -> Int64? {
        defer { previous = (totalKiB, nowNs) }
        guard let previous else { return 0 }
        guard totalKiB >= previous.totalKiB, nowNs > previous.atNs else { return nil }
        let seconds = Double(nowNs - previous.atNs) / 1e9
        return Int64(exactly: (Double(totalKiB - previous.totalKiB) * 1024 / seconds).rounded(.towardZero))
    }
}
