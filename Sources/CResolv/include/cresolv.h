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

/// Looks `name` up, in the domains that the system searches too, and waits for the answer. May be called by any thread.
///
/// `server` is an IPv4 address that is asked in place of the system's servers; NULL for these.
/// Returns how many records of this type there are, at most `max` of which are written to `records`; 0 where there is
/// no such name, and a negative number where nobody answered or the answer is an error, which `error` then names.
int cresolv_lookup(const char *server, int server_port, const char *name, int type, struct cresolv_record *records,
                   int max, const char **error);
