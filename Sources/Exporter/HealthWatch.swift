/// What DCGM's health checks would say of a reading, as far as NVML tells.
///
/// A watch of which the driver gives no part is left out: nothing is called healthy that nobody has looked at.
/// - Source: DCGM 4.x, `dcgmHealthWatchResults_t` and its error codes; names and levels as dcgm-exporter shows them.
struct HealthWatch: Sendable {
    /// DCGM's numbers.
    enum Level: Int64, Sendable {
        case pass = 0
        case warn = 10
        case fail = 20
    }

    private struct Check: Sendable {
        let metric: Metric
        /// The bits of its value of which any is a fault; all bits for a count.
        var mask: Int64 = .max
        let level: Level
        let code: String
    }

    /// The value of the label `health_watch`.
    let name: String
    private let checks: [Check]

    /// The first fault counts, the worst come first.
    static let all = [
        HealthWatch(
            name: "MEM",
            checks: [
                Check(metric: .rowRemapFailure, level: .fail, code: "DCGM_FR_ROW_REMAP_FAILURE"),
                Check(metric: .eccDoubleVolatile, level: .fail, code: "DCGM_FR_VOLATILE_DBE_DETECTED"),
                Check(metric: .rowRemapPending, level: .warn, code: "DCGM_FR_PENDING_ROW_REMAP"),
                Check(metric: .retiredPending, level: .warn, code: "DCGM_FR_PENDING_PAGE_RETIREMENTS"),
                Check(metric: .uncorrectableRemappedRows, level: .warn, code: "DCGM_FR_UNCORRECTABLE_ROW_REMAP"),
            ]),
        // Of the clock event reasons: sw_thermal and hw_thermal.
        HealthWatch(
            name: "THERMAL",
            checks: [
                Check(metric: .clockEventReasons, mask: 0x60, level: .warn, code: "DCGM_FR_CLOCK_THROTTLE_THERMAL")
            ]),
        // hw_power_brake.
        HealthWatch(
            name: "POWER",
            checks: [
                Check(metric: .clockEventReasons, mask: 0x80, level: .warn, code: "DCGM_FR_CLOCK_THROTTLE_POWER")
            ]),
    ]

    static let metrics = MetricSet(all.flatMap { $0.checks.map(\.metric) })

    /// Nil where nothing is known.
    func result(_ reading: GPUReading) -> (level: Level, code: String)? {
        var isKnown = false
        for check in checks {
            guard case .whole(let value)? = reading[check.metric] else { continue }
            isKnown = true
            if value & check.mask != 0 { return (check.level, check.code) }
        }
        return isKnown ? (.pass, "DCGM_FR_OK") : nil
    }
}
