#pragma once
// The C++ library's shortest digits of a double, behind plain C.
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Writes the shortest text that reads back as `value`, which is finite, as `d.ddde±dd`; `text` has room for 32 bytes.
/// Returns its length.
size_t cc_shortest(double value, char *text);

#ifdef __cplusplus
}
#endif
