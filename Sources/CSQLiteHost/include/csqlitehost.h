#pragma once
// The calls that a virtual table makes into the SQLite that has loaded it. That SQLite may be another copy than the one
// that this program or library is linked with: its functions are called through the table of pointers that it gives.
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A virtual table, and the Swift object behind it (retained).
typedef struct {
    sqlite3_vtab base;
    void *object;
} host_vtab;

/// A piece of text inside of memory that somebody else owns; `text` is NULL where there is none.
typedef struct {
    const char *text;
    size_t length;
} host_span;

/// A cursor, and the Swift object behind it (retained). What a scan needs once per row lies here, so that it touches
/// neither the object nor its reference count.
typedef struct {
    sqlite3_vtab_cursor base;
    void *object;
    /// Whether the row is a sample; otherwise only `index` and `count` of what follows are used.
    bool is_samples;
    /// The samples of the series that is being read; the row is at `index`, and `index == count` is the end.
    const int64_t *timestamps;
    const double *values;
    int64_t index;
    int64_t count;
    /// The first sample from `index` on that is a histogram; INT64_MAX where there is none.
    int64_t next_histogram;
    bool shows_stale;
    /// Per label column its value in this series, and after them the metric's name; filled when one is asked for.
    host_span *labels;
    int label_count;
    bool has_labels;
} host_cursor;

/// SQLITE_OK_LOAD_PERMANENTLY, which Swift does not import.
static const int host_ok_permanently = SQLITE_OK_LOAD_PERMANENTLY;

enum host_api_result { host_api_ok, host_api_other, host_api_old };

/// Remembers the host's functions. There is one host per process: a second SQLite is refused, and so is one that is too old.
enum host_api_result host_set_api(const void *api);
/// Makes the SQLite that this is linked with the host.
enum host_api_result host_use_linked(void);
/// Whether the host is the SQLite that this is linked with.
bool host_is_linked(void);
/// The host's version, such as 3040001.
int host_version(void);

int host_create_module(sqlite3 *db, const char *name, const sqlite3_module *module, void *aux, void (*destroy)(void *));
int host_create_function(sqlite3 *db, const char *name, int argument_count, int flags, void *aux,
                         void (*call)(sqlite3_context *, int, sqlite3_value **));
int host_declare_vtab(sqlite3 *db, const char *sql);
int host_exec(sqlite3 *db, const char *sql);
const char *host_errmsg(sqlite3 *db);
/// The file of the connection's main database; empty or NULL where it is in memory.
const char *host_main_file(sqlite3 *db);
/// A copy of `text` in the host's memory, for the host to free.
char *host_copy(const char *text);
sqlite3 *host_context_db(sqlite3_context *context);
void *host_user_data(sqlite3_context *context);

void host_result_null(sqlite3_context *context);
void host_result_int64(sqlite3_context *context, int64_t value);
void host_result_double(sqlite3_context *context, double value);
/// The text is copied.
void host_result_text(sqlite3_context *context, const char *text, size_t length);
void host_result_error(sqlite3_context *context, const char *text);

int host_value_type(sqlite3_value *value);
/// The type after text that looks like a number has been made one.
int host_value_numeric_type(sqlite3_value *value);
int64_t host_value_int64(sqlite3_value *value);
double host_value_double(sqlite3_value *value);
const char *host_value_text(sqlite3_value *value);
int host_value_bytes(sqlite3_value *value);

/// The name of the collation that constraint `index` compares with.
const char *host_collation(sqlite3_index_info *info, int index);
/// The value on the right of constraint `index` where it is known while planning, otherwise NULL.
sqlite3_value *host_rhs_value(sqlite3_index_info *info, int index);
/// Whether constraint `index` is an IN whose values can be had all at once, and the wish to have them so.
bool host_is_list(sqlite3_index_info *info, int index);
void host_take_list(sqlite3_index_info *info, int index);
/// The first and the next value of such a list; NULL after the last one.
sqlite3_value *host_list_first(sqlite3_value *list);
sqlite3_value *host_list_next(sqlite3_value *list);
