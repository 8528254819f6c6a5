#include "csqlitehost.h"

#include <sqlite3ext.h>
// Not SQLITE_EXTENSION_INIT1, which would share one variable with all other extensions of the process.
static const sqlite3_api_routines *sqlite3_api;

// The functions that are called by everybody came with 3.20; those of later versions are asked for first.
#define VERSION_MIN 3020000
#define VERSION_OF_LISTS 3038000

enum host_api_result host_set_api(const void *api) {
    const sqlite3_api_routines *given = api;
    if (sqlite3_api && sqlite3_api != given) return host_api_other;
    if (given->libversion_number() < VERSION_MIN) return host_api_old;
    sqlite3_api = given;
    return host_api_ok;
}

const void *host_open_function(void) { return (const void *)sqlite3_api->open_v2; }

int host_version(void) { return sqlite3_libversion_number(); }

int host_create_module(sqlite3 *db, const char *name, const sqlite3_module *module, void *aux, void (*destroy)(void *)) {
    return sqlite3_create_module_v2(db, name, module, aux, destroy);
}

int host_create_function(sqlite3 *db, const char *name, int argument_count, int flags, void *aux,
                         void (*call)(sqlite3_context *, int, sqlite3_value **)) {
    return sqlite3_create_function_v2(db, name, argument_count, SQLITE_UTF8 | flags, aux, call, NULL, NULL, NULL);
}

int host_declare_vtab(sqlite3 *db, const char *sql) { return sqlite3_declare_vtab(db, sql); }
int host_exec(sqlite3 *db, const char *sql) { return sqlite3_exec(db, sql, NULL, NULL, NULL); }
const char *host_errmsg(sqlite3 *db) { return sqlite3_errmsg(db); }
const char *host_main_file(sqlite3 *db) { return sqlite3_db_filename(db, "main"); }
char *host_copy(const char *text) { return sqlite3_mprintf("%s", text); }
sqlite3 *host_context_db(sqlite3_context *context) { return sqlite3_context_db_handle(context); }
void *host_user_data(sqlite3_context *context) { return sqlite3_user_data(context); }

void host_result_null(sqlite3_context *context) { sqlite3_result_null(context); }
void host_result_int64(sqlite3_context *context, int64_t value) { sqlite3_result_int64(context, value); }
void host_result_double(sqlite3_context *context, double value) { sqlite3_result_double(context, value); }

void host_result_text(sqlite3_context *context, const char *text, size_t length) {
    sqlite3_result_text64(context, text, length, SQLITE_TRANSIENT, SQLITE_UTF8);
}

void host_result_error(sqlite3_context *context, const char *text) { sqlite3_result_error(context, text, -1); }

int host_value_type(sqlite3_value *value) { return sqlite3_value_type(value); }
int host_value_numeric_type(sqlite3_value *value) { return sqlite3_value_numeric_type(value); }
int64_t host_value_int64(sqlite3_value *value) { return sqlite3_value_int64(value); }
double host_value_double(sqlite3_value *value) { return sqlite3_value_double(value); }
const char *host_value_text(sqlite3_value *value) { return (const char *)sqlite3_value_text(value); }
int host_value_bytes(sqlite3_value *value) { return sqlite3_value_bytes(value); }

const char *host_collation(sqlite3_index_info *info, int index) {
    return host_version() >= 3022000 ? sqlite3_vtab_collation(info, index) : "";
}

sqlite3_value *host_rhs_value(sqlite3_index_info *info, int index) {
    sqlite3_value *value = NULL;
    if (host_version() >= VERSION_OF_LISTS) sqlite3_vtab_rhs_value(info, index, &value);
    return value;
}

bool host_is_list(sqlite3_index_info *info, int index) {
    return host_version() >= VERSION_OF_LISTS && sqlite3_vtab_in(info, index, -1);
}

void host_take_list(sqlite3_index_info *info, int index) { sqlite3_vtab_in(info, index, 1); }

sqlite3_value *host_list_first(sqlite3_value *list) {
    sqlite3_value *value = NULL;
    return sqlite3_vtab_in_first(list, &value) == SQLITE_OK ? value : NULL;
}

sqlite3_value *host_list_next(sqlite3_value *list) {
    sqlite3_value *value = NULL;
    return sqlite3_vtab_in_next(list, &value) == SQLITE_OK ? value : NULL;
}
