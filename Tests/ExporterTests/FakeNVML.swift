import Glibc
import TestSupport

/// A stand-in for the driver's library, compiled from C where a test runs: it declares NVML's structures as nvml.h
/// does, so that the compiler, not our own offsets, lays them out, and checks what callers must fill in.
enum FakeNVML {
    static let isPossible = findProgram("cc") != nil

    /// Compiles the library with the given `-D` definitions.
    ///
    /// - Returns: the folder that holds `libnvidia-ml.so.1`.
    static func build(_ definitions: [String] = []) throws -> TemporaryDirectory {
        let folder = TemporaryDirectory(.disk)
        try writeFile("\(folder.path)/nvml.c", source)
        let compiler = findProgram("cc") ?? "cc"
        let arguments =
            ["-shared", "-fPIC", "-Wall", "-Werror", "-o", "\(folder.path)/libnvidia-ml.so.1", "\(folder.path)/nvml.c"]
            + definitions.map { "-D\($0)" }
        let result = try runToEnd(compiler, arguments)
        guard result.status == 0 else { throw TestFailure("cc: \(result.errors)") }
        return folder
    }

    private static let source = #"""
        #include <math.h>
        #include <stdlib.h>
        #include <string.h>
        #include <unistd.h>

        #ifndef HANG
        #define HANG 0
        #endif
        #ifndef INIT
        #define INIT 0
        #endif
        #ifndef COUNT
        #define COUNT 2
        #endif
        #ifndef BROKEN
        #define BROKEN 0
        #endif
        #ifndef START_HANGS
        #define START_HANGS 0
        #endif
        #ifndef PEERS_HANG
        #define PEERS_HANG 0
        #endif
        #ifndef OPENING_HANGS
        #define OPENING_HANGS 0
        #endif
        #ifndef LOST_FROM
        #define LOST_FROM 999
        #endif
        #ifndef PROCESS
        #define PROCESS 1
        #endif
        #ifndef MORE
        #define MORE 0
        #endif
        #ifndef LOST_CODE
        #define LOST_CODE 15
        #endif

        struct device { int index; int reads; int samples; int instance; };
        typedef struct device *device_t;
        static struct device devices[16];

        typedef struct { unsigned int gpu, memory; } utilization_t;
        typedef struct { unsigned long long total, free, used; } memory_t;
        typedef struct { unsigned int version; unsigned long long total, reserved, free, used; } memory_v2_t;
        typedef struct {
            char busIdLegacy[16];
            unsigned int domain, bus, device, pciDeviceId, pciSubSystemId;
            char busId[32];
        } pci_t;
        typedef union { double d; int si; unsigned int ui; unsigned long ul; unsigned long long ull; long long sll; } value_t;
        typedef struct {
            unsigned int fieldId, scopeId;
            long long timestamp, latencyUsec;
            int valueType, nvmlReturn;
            value_t value;
        } field_t;
        typedef struct {
            device_t device;
            unsigned long long eventType, eventData;
            unsigned int gpuInstanceId, computeInstanceId;
        } event_t;
        typedef struct { unsigned int version, isSupportedDevice; } gpm_support_t;
        typedef struct { unsigned int metricId; int ret; double value; struct { char *a, *b, *c; } info; } gpm_metric_t;
        typedef struct { unsigned int version, numMetrics; int *sample1, *sample2; gpm_metric_t metrics[210]; } gpm_get_t;

        static int put(char *to, unsigned int length, const char *text) {
            if (strlen(text) + 1 > length) return 7;
            strcpy(to, text);
            return 0;
        }

        int nvmlInit_v2(void) { while (START_HANGS) sleep(1000); return INIT; }
        int nvmlDeviceGetP2PStatus(device_t a, device_t b, int kind, int *v) {
            if (kind != 2) return 2;
            while (PEERS_HANG) usleep(1000);
            *v = a->index < b->index ? 0 : 3;
            return 0;
        }
        int nvmlSystemGetDriverVersion(char *v, unsigned int n) { return put(v, n, "570.86.10"); }
        int nvmlDeviceGetCount_v2(unsigned int *n) { *n = COUNT; return 0; }
        int nvmlDeviceGetHandleByIndex_v2(unsigned int i, device_t *d) {
            if (i >= COUNT) return 2;
            if (i < BROKEN) return 16;
            while (OPENING_HANGS) sleep(1000);
            devices[i].index = i;
            *d = (device_t)&devices[i];
            return 0;
        }
        int nvmlDeviceGetName(device_t d, char *v, unsigned int n) {
            if (d->instance == 9) return put(v, n, "NVIDIA H100 80GB HBM3 MIG 3g.40gb");
            if (d->instance == 7) return put(v, n, "NVIDIA H100 80GB HBM3 MIG 1c.2g.20gb");
            return put(v, n, "NVIDIA H100 80GB HBM3");
        }
        int nvmlDeviceGetSerial(device_t d, char *v, unsigned int n) { return d->index ? 3 : put(v, n, "1650123456789"); }
        int nvmlDeviceGetUUID(device_t d, char *v, unsigned int n) {
            return put(v, n, d->index ? "GPU-11111111-2222-3333-4444-555555555555" : "GPU-00000000-2222-3333-4444-555555555555");
        }
        int nvmlDeviceGetPciInfo_v3(device_t d, pci_t *p) {
            memset(p, 0xEE, sizeof *p);
            strcpy(p->busIdLegacy, "0000:1A:00.0");
            strcpy(p->busId, d->index ? "00000000:3D:00.0" : "00000000:1A:00.0");
            return 0;
        }
        int nvmlDeviceGetClockInfo(device_t d, int type, unsigned int *v) {
            d->reads++;
            if (d->index >= LOST_FROM) return LOST_CODE;
            *v = type == 1 ? 1980 : 2619;
            return type == 1 || type == 2 ? 0 : 2;
        }
        int nvmlDeviceGetTemperature(device_t d, int sensor, unsigned int *v) {
            *v = 45 + d->index;
        #ifdef GARBAGE
            *v = 0xFFFFFFF0u;
        #endif
            return sensor ? 2 : 0;
        }
        int nvmlDeviceGetPowerUsage(device_t d, unsigned int *v) {
            while (d->index == 1 && HANG) usleep(1000);
            *v = 512345;
            return 0;
        }
        int nvmlDeviceGetTotalEnergyConsumption(device_t d, unsigned long long *v) { *v = 123456789012345ULL; return 0; }
        int nvmlDeviceGetPcieReplayCounter(device_t d, unsigned int *v) { *v = 7; return 0; }
        int nvmlDeviceGetUtilizationRates(device_t d, utilization_t *u) {
            u->gpu = 87; u->memory = 43;
        #ifdef GARBAGE
            u->gpu = 4000000000u;
        #endif
            return 0;
        }
        int nvmlDeviceGetCurrentClocksThrottleReasons(device_t d, unsigned long long *v) { *v = 4; return 0; }
        int nvmlDeviceGetTemperatureThreshold(device_t d, int kind, unsigned int *v) { *v = 90 + kind; return kind > 3 ? 2 : 0; }
        int nvmlDeviceGetPowerManagementLimitConstraints(device_t d, unsigned int *low, unsigned int *high) {
            *low = 200000; *high = 700000;
            return 0;
        }
        typedef struct { unsigned long long reference, violation; } violation_t;
        int nvmlDeviceGetViolationStatus(device_t d, int kind, violation_t *v) {
            v->reference = 1; v->violation = 1000 + kind;
            return kind == 1 ? 3 : 0;
        }
        typedef struct { unsigned long long total, free, used; } bar1_t;
        int nvmlDeviceGetBAR1MemoryInfo(device_t d, bar1_t *b) { b->total = 100 << 20; b->free = 60 << 20; b->used = 40 << 20; return 0; }
        int nvmlDeviceGetPerformanceState(device_t d, int *v) { *v = d->index ? 32 : 2; return 0; }
        typedef struct { unsigned int pid; unsigned long long bytes; unsigned int instance, compute; } process_t;
        int nvmlDeviceGetComputeRunningProcesses_v3(device_t d, unsigned int *n, process_t *p) {
            if (*n < 2 + MORE) { *n = 2 + MORE; return 7; }
            *n = 2 + MORE;
            for (int i = 2; i < 2 + MORE; i++) p[i] = (process_t){ 4194304 + i, 1, ~0u, ~0u };
            p[0] = (process_t){ PROCESS, 3ULL << 30, ~0u, ~0u };
            p[1] = (process_t){ 4194305, ~0ULL, ~0u, ~0u };
            return 0;
        }
        #ifdef MIG
        static struct device instances[3] = { { 0, 0, 0, 9 }, { 0, 0, 0, 7 }, { 0, 0, 0, 7 } };
        int nvmlDeviceGetMigMode(device_t d, unsigned int *now, unsigned int *later) { *now = *later = d->index == 0; return 0; }
        int nvmlDeviceGetMaxMigDeviceCount(device_t d, unsigned int *n) { *n = 7; return 0; }
        int nvmlDeviceGetMigDeviceHandleByIndex(device_t d, unsigned int i, device_t *child) {
            if (i > 2) return 6;
            *child = &instances[i];
            return 0;
        }
        int nvmlDeviceGetGpuInstanceId(device_t d, unsigned int *id) { *id = d->instance; return d->instance ? 0 : 2; }
        int nvmlGpmMigSampleGet(device_t d, unsigned int id, int *s) { *s = ++d->samples; return id == 9 ? 0 : 3; }
        #endif
        int nvmlDeviceGetEncoderUtilization(device_t d, unsigned int *v, unsigned int *us) { *v = 11; *us = 1; return d->index ? 3 : 0; }
        int nvmlDeviceGetDecoderUtilization(device_t d, unsigned int *v, unsigned int *us) { *v = 12; *us = 1; return 0; }
        int nvmlDeviceGetMemoryInfo(device_t d, memory_t *m) {
            m->total = 81559ULL << 20; m->free = 1000ULL << 20; m->used = 80559ULL << 20;
            return 0;
        }
        #ifndef NO_V2
        int nvmlDeviceGetMemoryInfo_v2(device_t d, memory_v2_t *m) {
            if (m->version != (sizeof(memory_v2_t) | 2u << 24)) return 25;
            if (d->instance) {
                m->total = 10000ULL << 20; m->reserved = 0; m->free = 9000ULL << 20; m->used = 1000ULL << 20;
                return 0;
            }
            m->total = 81559ULL << 20; m->reserved = 551ULL << 20; m->free = 1000ULL << 20; m->used = (80008ULL << 20) + 5;
            return 0;
        }
        int nvmlDeviceGetFieldValues(device_t d, int n, field_t *f) {
            for (int i = 0; i < n; i++) {
                f[i].nvmlReturn = 0;
                f[i].valueType = 1;
                f[i].value.ull = 0xFFFFFFFF00000000ULL;
                switch (f[i].fieldId) {
                case 82: f[i].valueType = 99; f[i].value.ui = d->index ? 255 : 61; break;
                case 138: case 139:
                    f[i].valueType = 3;
                    f[i].value.ull = 1000000ULL * d->reads;
                    if (f[i].scopeId != ~0u) f[i].nvmlReturn = 2;
                    break;
                case 142: f[i].value.ui = 4; break;
                case 143: f[i].valueType = 4; f[i].value.sll = d->index ? -1 : 5; break;
                case 145: f[i].nvmlReturn = 3; break;
                case 5: f[i].valueType = 3; f[i].value.ull = 77; break;
                case 186: f[i].value.ui = 600100; break;
                default: f[i].nvmlReturn = 2;
                }
            }
            return 0;
        }
        int nvmlEventSetCreate(int **set) { *set = malloc(4); **set = 0; return 0; }
        int nvmlDeviceRegisterEvents(device_t d, unsigned long long types, int *set) { return types == 8 && d->index == 0 ? 0 : 3; }
        int nvmlEventSetWait_v2(int *set, event_t *e, unsigned int ms) {
            memset(e, 0, sizeof *e);
            if (ms != 0 || (*set)++ != 1) return 10;
            e->device = (device_t)&devices[0];
            e->eventType = 8;
            e->eventData = 31;
            return 0;
        }
        int nvmlGpmQueryDeviceSupport(device_t d, gpm_support_t *s) { s->isSupportedDevice = d->index == 0; return s->version == 1 ? 0 : 25; }
        int nvmlGpmSampleAlloc(int **s) { *s = malloc(4); return 0; }
        int nvmlGpmSampleGet(device_t d, int *s) { *s = ++d->samples; return 0; }
        int nvmlGpmMetricsGet(gpm_get_t *g) {
            if (g->version != 1 || g->numMetrics > 210) return 25;
            if (*g->sample1 >= *g->sample2) return 2;
            for (unsigned int i = 0; i < g->numMetrics; i++) {
                gpm_metric_t *m = &g->metrics[i];
                m->ret = 0;
                switch (m->metricId) {
                case 1: m->value = 87.5; break;
                case 5: m->value = NAN; break;
                case 10: m->ret = 3; break;
                case 20: m->value = 2; break;
                case 21: m->value = 1e300; break;
                default: m->ret = 2;
                }
            }
            return 0;
        }
        #endif

        """#
}
