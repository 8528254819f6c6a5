#pragma once
// RE2 behind plain C, as Swift without C++ interoperability can call it.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cre2_pattern cre2_pattern;

/// Compiles a pattern (UTF-8, `.` matching newlines). On failure returns NULL and writes a NUL-terminated reason,
/// cut to `reason_size`, into `reason`.
cre2_pattern *cre2_compile(const char *pattern, size_t length, char *reason, size_t reason_size);
void cre2_free(cre2_pattern *pattern);

/// Number of capturing groups, the whole match not counted.
int cre2_group_count(const cre2_pattern *pattern);
/// Index of the group called `name` (`length` bytes), or -1.
int cre2_group_index(const cre2_pattern *pattern, const char *name, size_t length);

/// Whether the pattern matches the whole of `text`.
bool cre2_full_match(const cre2_pattern *pattern, const char *text, size_t length);
/// As `cre2_full_match`; writes `groups` pairs of byte offsets (start, end), the whole match first; -1 for a group
/// that took no part.
bool cre2_full_match_groups(const cre2_pattern *pattern, const char *text, size_t length, int64_t *spans, int groups);

#ifdef __cplusplus
}
#endif
