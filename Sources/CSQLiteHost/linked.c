// Apart from host.c, where sqlite3ext.h has made every name mean the host's function.
#include "csqlitehost.h"

const void *host_open_function(void);

bool host_is_linked(void) { return host_open_function() == (const void *)sqlite3_open_v2; }

static enum host_api_result captured = host_api_old;

static int capture(sqlite3 *db, char **message, const void *api) {
    (void)db;
    (void)message;
    captured = host_set_api(api);
    return SQLITE_OK;
}

enum host_api_result host_use_linked(void) {
    // SQLite gives its table of functions to extensions only: to this one when the connection is opened.
    sqlite3 *db = NULL;
    sqlite3_auto_extension((void (*)(void))capture);
    sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    sqlite3_cancel_auto_extension((void (*)(void))capture);
    sqlite3_close_v2(db);
    return captured;
}
