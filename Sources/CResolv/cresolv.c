#include "cresolv.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>

// The longest answer that DNS has, over TCP.
enum { answer_size = 65536 };

int cresolv_type(const char *name) {
    static const struct { const char *name; int type; } types[] = {
        {"A", ns_t_a}, {"AAAA", ns_t_aaaa}, {"SRV", ns_t_srv}, {"MX", ns_t_mx}, {"NS", ns_t_ns},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0) return types[i].type;
    return 0;
}

static int expand(ns_msg *message, const unsigned char *from, struct cresolv_record *record) {
    if (dn_expand(ns_msg_base(*message), ns_msg_end(*message), from, record->target, cresolv_target_size - 1) < 0)
        return 0;
    strcat(record->target, ".");
    return 1;
}

static int read_record(ns_msg *message, ns_rr *rr, struct cresolv_record *record) {
    const unsigned char *data = ns_rr_rdata(*rr);
    int size = ns_rr_rdlen(*rr);
    memset(record, 0, sizeof *record);
    switch (ns_rr_type(*rr)) {
    case ns_t_a: return size == 4 && inet_ntop(AF_INET, data, record->address, cresolv_address_size) != NULL;
    case ns_t_aaaa: return size == 16 && inet_ntop(AF_INET6, data, record->address, cresolv_address_size) != NULL;
    case ns_t_srv:
        if (size < 7) return 0;
        record->port = ns_get16(data + 4);
        return expand(message, data + 6, record);
    case ns_t_mx: return size > 2 && expand(message, data + 2, record);
    case ns_t_ns: return size > 0 && expand(message, data, record);
    default: return 0;
    }
}

static int read_answer(const unsigned char *answer, int size, int type, struct cresolv_record *records, int max,
                       const char **error) {
    ns_msg message;
    if (ns_initparse(answer, size, &message) < 0) {
        *error = "malformed answer";
        return -1;
    }
    int count = 0;
    for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
        ns_rr rr;
        if (ns_parserr(&message, ns_s_an, i, &rr) < 0) {
            *error = "malformed answer";
            return -1;
        }
        // What else is there, such as CNAME records, led to those that were asked for.
        if ((int)ns_rr_type(rr) != type) continue;
        struct cresolv_record record;
        if (!read_record(&message, &rr, &record)) continue;
        if (count < max) records[count] = record;
        count++;
    }
    return count;
}

int cresolv_lookup(const char *server, int server_port, const char *name, int type, struct cresolv_record *records,
                   int max, const char **error) {
    struct __res_state state;
    memset(&state, 0, sizeof state);
    unsigned char *answer = malloc(answer_size);
    if (answer == NULL || res_ninit(&state) != 0) {
        free(answer);
        *error = "cannot set up the resolver";
        return -1;
    }
    if (server != NULL) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)server_port)};
        inet_pton(AF_INET, server, &address.sin_addr);
        state.nsaddr_list[0] = address;
        state.nscount = 1;
    }
    int size = res_nsearch(&state, name, ns_c_in, type, answer, answer_size);
    int count;
    if (size >= 0) {
        count = read_answer(answer, size < answer_size ? size : answer_size, type, records, max, error);
    } else if (state.res_h_errno == HOST_NOT_FOUND || state.res_h_errno == NO_DATA) {
        count = 0;
    } else {
        *error = hstrerror(state.res_h_errno);
        count = -1;
    }
    res_nclose(&state);
    free(answer);
    return count;
}
