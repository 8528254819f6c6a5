#pragma once
// The C library's resolver: its macros and bit fields are out of Swift's reach.

enum { cresolv_target_size = 1026, cresolv_address_size = 46 };

struct cresolv_record {
    /// Of SRV records.
    int port;
    /// The name that the record points to, with a dot at its end; empty in records of addresses.
    char target[cresolv_target_size];
    /// Empty but in records of addresses.
    char address[cresolv_address_size];
};

/// The number of a record type that is called A, AAAA, SRV, MX or NS; 0 of any other.
int cresolv_type(const char *name);

/// A server that is asked in place of the system's.
struct cresolv_server {
    /// An IPv4 address.
    const char *address;
    int port;
    /// Searched in place of the system's domains; empty for none.
    const char *domain;
};

/// Gets one record, which is gone after the call.
typedef void cresolv_found(void *context, const struct cresolv_record *record);

/// Looks `name` up, in the domains that the system searches too, and waits for the answer. May be called by any thread.
///
/// `server` is NULL for those of the system. Calls `found` for each record of this type, and returns 0, also where every
/// name that `name` may stand for is none; otherwise, where one got no answer or the answer is an error, -1, and names
/// that in `error`.
int cresolv_lookup(const struct cresolv_server *server, const char *name, int type, cresolv_found *found,
                   void *context, const char **error);
