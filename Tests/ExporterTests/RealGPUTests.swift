import Glibc
import TestSupport
import Testing

@testable import Exporter

/// On a machine with an NVIDIA GPU: every value against `nvidia-smi`, and against NVML through `nvidia-ml-py`, which
/// is another program's reading of the same library.
@Suite(
    .serialized, .enabled(if: access("/dev/nvidiactl", F_OK) == 0, "no NVIDIA GPU here: /dev/nvidiactl does not exist"))
struct RealGPUTests {
    /// By how much a value may differ between two readings that lie a moment apart on a GPU that may be at work.
    private static func tolerance(_ metric: Metric) -> Double {
        switch metric {
        case .powerUsage, .powerInstant: 200
        case .smClock, .videoClock: 2000
        case .memoryClock: 3000
        case .gpuUtilisation, .memoryCopyUtilisation, .encoderUtilisation, .decoderUtilisation, .fanSpeed: 100
        case .gpuTemperature, .memoryTemperature: 5
        case .framebufferUsed, .framebufferFree, .bar1Used, .bar1Free: 2 * 1_073_741_824
        case .framebufferUsedRatio: 0.05
        case .clockEventReasons: 1024
        case .performanceState: 15
        // A second at the most that a board draws.
        case .totalEnergy: 5_000_000
        case .pcieLinkGeneration: 7
        case .powerViolation, .thermalViolation, .lowUtilisationViolation, .baseClocksViolation, .appClocksViolation,
            .syncBoostViolation, .boardLimitViolation, .reliabilityViolation:
            10_000_000_000
        default: 0
        }
    }

    private func nvml() throws -> [(gpu: GPUIdentity, reading: GPUReading)] {
        let request = SourceRequest(selection: try DeviceSelection(parsing: "g"))
        let source = try NVMLSource(libraryPath: SourceSettings().libraryPath, request: request)
        for lane in source.lanes { _ = try lane.read() }
        // Samples of the profiling counters lie a tenth of a second apart.
        usleep(1_000_000)
        return try source.lanes.map { ($0.gpus[0], try $0.read()[0]) }
    }

    private func compare(_ ours: GPUReading, _ theirs: [(Metric, Double?)], _ who: String) {
        for (metric, value) in theirs {
            guard let value else {
                #expect(ours[metric] == nil, "\(metric): \(who) has none")
                continue
            }
            guard let own = ours[metric]?.double else {
                Issue.record("\(metric): none here, \(value) from \(who)")
                continue
            }
            #expect(abs(own - value) <= Self.tolerance(metric), "\(metric): \(own) here, \(value) from \(who)")
        }
    }

    @Test(.enabled(if: findProgram("nvidia-smi") != nil, "no nvidia-smi on the PATH"))
    func valuesAreThoseOfNvidiaSMI() throws {
        let ours = try nvml()
        let source = try SMISource(program: "nvidia-smi", request: SourceRequest(selection: .all))
        let theirs = Array(zip(source.gpus, try source.lanes[0].read()))
        #expect(ours.map(\.gpu.uuid) == theirs.map(\.0.uuid))
        #expect(ours.map(\.gpu.index) == theirs.map(\.0.index))
        #expect(ours.map { $0.gpu.pciBusID.uppercased() } == theirs.map { $0.0.pciBusID.uppercased() })
        #expect(ours.map(\.gpu.modelName) == theirs.map(\.0.modelName))
        for (own, other) in zip(ours, theirs) {
            // What it does not print says nothing about what NVML gives.
            let printed = Metric.allCases.filter { other.1[$0] != nil }.map { ($0, other.1[$0]?.double) }
            compare(own.reading, printed, "nvidia-smi")
        }
    }

    @Test(.enabled(if: RealGPUTests.hasPython, "no python3 with nvidia-ml-py: pip install nvidia-ml-py"))
    func valuesAreThoseOfNvidiaMLPy() throws {
        let ours = try nvml()
        let result = try runToEnd(try #require(findProgram("python3")), ["-c", Self.script])
        #expect(result.status == 0, "\(result.errors)")
        let lines = result.output.split(separator: "\n").map { $0.split(separator: " ") }
        for (gpu, reading) in ours {
            let values = lines.filter { $0.count == 3 && $0[0] == gpu.uuid }.compactMap { line in
                Metric.allCases.first { "\($0)" == line[1] }.map { ($0, Double(line[2])) }
            }
            #expect(values.count > 20)
            compare(reading, values, "nvidia-ml-py")
        }
    }

    @Test func pageHasWhatTheGPUGivesAndNoZerosInstead() throws {
        let exporter = try RunningExporter(["-d", "g"])
        defer { exporter.stop() }
        let page = try exporter.get("/metrics").text
        let ours = try nvml()
        for definition in metricTable where definition.isDefault {
            for (gpu, reading) in ours where reading[definition.metric] == nil {
                let line = "\(definition.name){gpu=\"\(gpu.index)\""
                #expect(!page.contains(line), "\(line) although the GPU does not give it")
            }
        }
        #expect(page.contains("DCGM_FI_DEV_GPU_TEMP{gpu=\"\(ours[0].gpu.index)\",UUID=\"\(ours[0].gpu.uuid)\""))
    }

    private static let hasPython =
        findProgram("python3").flatMap { try? runToEnd($0, ["-c", "import pynvml"]).status } == 0

    /// Prints `UUID metric value`, or `-` for what is not supported.
    private static let script = """
        from pynvml import *
        nvmlInit()
        fields = {
            'memoryTemperature': 82, 'correctableRemappedRows': 142, 'uncorrectableRemappedRows': 143,
            'rowRemapPending': 144, 'rowRemapFailure': 145, 'eccSingleVolatile': 3, 'eccDoubleVolatile': 4,
            'eccSingleAggregate': 5, 'eccDoubleAggregate': 6,
        }
        def wide(value):
            return {0: value.value.dVal, 1: value.value.uiVal, 2: value.value.ulVal, 3: value.value.ullVal,
                    4: value.value.sllVal}[value.valueType]
        for i in range(nvmlDeviceGetCount()):
            d = nvmlDeviceGetHandleByIndex(i)
            calls = {
                'smClock': lambda: nvmlDeviceGetClockInfo(d, 1), 'memoryClock': lambda: nvmlDeviceGetClockInfo(d, 2),
                'videoClock': lambda: nvmlDeviceGetClockInfo(d, 3),
                'maxSMClock': lambda: nvmlDeviceGetMaxClockInfo(d, 1),
                'maxMemoryClock': lambda: nvmlDeviceGetMaxClockInfo(d, 2),
                'gpuTemperature': lambda: nvmlDeviceGetTemperature(d, 0),
                'powerUsage': lambda: nvmlDeviceGetPowerUsage(d) / 1000,
                'powerLimit': lambda: nvmlDeviceGetPowerManagementLimit(d) / 1000,
                'powerLimitDefault': lambda: nvmlDeviceGetPowerManagementDefaultLimit(d) / 1000,
                'powerLimitEnforced': lambda: nvmlDeviceGetEnforcedPowerLimit(d) / 1000,
                'powerLimitMin': lambda: nvmlDeviceGetPowerManagementLimitConstraints(d)[0] / 1000,
                'powerLimitMax': lambda: nvmlDeviceGetPowerManagementLimitConstraints(d)[1] / 1000,
                'totalEnergy': lambda: nvmlDeviceGetTotalEnergyConsumption(d),
                'pcieReplays': lambda: nvmlDeviceGetPcieReplayCounter(d),
                'gpuUtilisation': lambda: nvmlDeviceGetUtilizationRates(d).gpu,
                'memoryCopyUtilisation': lambda: nvmlDeviceGetUtilizationRates(d).memory,
                'encoderUtilisation': lambda: nvmlDeviceGetEncoderUtilization(d)[0],
                'decoderUtilisation': lambda: nvmlDeviceGetDecoderUtilization(d)[0],
                'framebufferTotal': lambda: nvmlDeviceGetMemoryInfo(d, version=nvmlMemory_v2).total,
                'framebufferUsed': lambda: nvmlDeviceGetMemoryInfo(d, version=nvmlMemory_v2).used,
                'framebufferFree': lambda: nvmlDeviceGetMemoryInfo(d, version=nvmlMemory_v2).free,
                'framebufferReserved': lambda: nvmlDeviceGetMemoryInfo(d, version=nvmlMemory_v2).reserved,
                'bar1Total': lambda: nvmlDeviceGetBAR1MemoryInfo(d).bar1Total,
                'bar1Used': lambda: nvmlDeviceGetBAR1MemoryInfo(d).bar1Used,
                'bar1Free': lambda: nvmlDeviceGetBAR1MemoryInfo(d).bar1Free,
                'clockEventReasons': lambda: nvmlDeviceGetCurrentClocksThrottleReasons(d),
                'shutdownTemperature': lambda: nvmlDeviceGetTemperatureThreshold(d, 0),
                'slowdownTemperature': lambda: nvmlDeviceGetTemperatureThreshold(d, 1),
                'maxMemoryTemperature': lambda: nvmlDeviceGetTemperatureThreshold(d, 2),
                'maxGPUTemperature': lambda: nvmlDeviceGetTemperatureThreshold(d, 3),
                'powerViolation': lambda: nvmlDeviceGetViolationStatus(d, 0).violationTime,
                'thermalViolation': lambda: nvmlDeviceGetViolationStatus(d, 1).violationTime,
                'performanceState': lambda: nvmlDeviceGetPerformanceState(d),
                'fanSpeed': lambda: nvmlDeviceGetFanSpeed(d),
                'pcieLinkGeneration': lambda: nvmlDeviceGetCurrPcieLinkGeneration(d),
                'pcieLinkWidth': lambda: nvmlDeviceGetCurrPcieLinkWidth(d),
                'pcieMaxLinkGeneration': lambda: nvmlDeviceGetMaxPcieLinkGeneration(d),
                'pcieMaxLinkWidth': lambda: nvmlDeviceGetMaxPcieLinkWidth(d),
                'computeMode': lambda: nvmlDeviceGetComputeMode(d),
                'persistenceMode': lambda: nvmlDeviceGetPersistenceMode(d),
                'migMode': lambda: nvmlDeviceGetMigMode(d)[0], 'eccMode': lambda: nvmlDeviceGetEccMode(d)[0],
            }
            uuid = nvmlDeviceGetUUID(d)
            for name, call in calls.items():
                try: print(uuid, name, call())
                except NVMLError: print(uuid, name, '-')
            for name, id in fields.items():
                value = nvmlDeviceGetFieldValues(d, [id])[0]
                # Above 200 °C is how a board says that it has no sensor.
                missing = value.nvmlReturn != 0 or id == 82 and value.value.uiVal > 200
                print(uuid, name, '-' if missing else value.value.uiVal if id == 82 else wide(value))
        """
}
