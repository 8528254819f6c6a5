#pragma once
#include <sqlite3.h>

/// SQLITE_STATIC and SQLITE_TRANSIENT are casts of integers to function pointers, which Swift does not import.
static inline sqlite3_destructor_type csqlite_transient(void) { return SQLITE_TRANSIENT; }
static inline sqlite3_destructor_type csqlite_static(void) { return SQLITE_STATIC; }
