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

static int read_answer(const unsigned char *answer, int size, int type, cresolv_found *found, void *context) {
    ns_msg message;
    if (ns_initparse(answer, size, &message) < 0) return -1;
    for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
        ns_rr rr;
        if (ns_parserr(&message, ns_s_an, i, &rr) < 0) return -1;
        // What else is there, such as CNAME records, led to those that were asked for.
        struct cresolv_record record;
        if ((int)ns_rr_type(rr) == type && read_record(&message, &rr, &record)) found(context, &record);
    }
    return 0;
}

// Asks one server, and leaves out what the machine's resolv.conf says.
static void use_server(res_state state, const struct cresolv_server *server) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)server->port)};
    inet_pton(AF_INET, server->address, &address.sin_addr);
    state->nsaddr_list[0] = address;
    state->nscount = 1;
    state->retrans = RES_TIMEOUT;
    state->retry = RES_DFLRETRY;
    state->ndots = 1;
    state->options = RES_INIT | RES_DEFAULT;
    state->dnsrch[0] = *server->domain ? (char *)server->domain : NULL;
    state->dnsrch[1] = NULL;
}

enum outcome { found, no_such_name, no_answer };

// The answer's size goes to `size`; 0 where the name is there and has no records of this type.
static enum outcome ask(res_state state, const char *name, const char *domain, int type, unsigned char *answer,
                        int *size) {
    *size = res_nquerydomain(state, name, domain, ns_c_in, type, answer, answer_size);
    if (*size >= 0) return found;
    *size = 0;
    if (state->res_h_errno == NO_DATA) return found;
    return state->res_h_errno == HOST_NOT_FOUND ? no_such_name : no_answer;
}

// Asks for the names that `name` may stand for, one after another, until there is one. `res_nsearch` would do so too,
// but says that there is no such name where that is the answer for one of them and the others got none.
static enum outcome search(res_state state, const char *name, int type, unsigned char *answer, int *size) {
    unsigned dots = 0;
    for (const char *at = name; *at; at++) dots += *at == '.';
    int is_whole = *name && name[strlen(name) - 1] == '.';
    int is_first = is_whole || dots >= state->ndots;
    const char *domains[MAXDNSRCH + 2];
    int count = 0;
    if (is_first) domains[count++] = NULL;
    for (int i = 0; !is_whole && i < MAXDNSRCH && state->dnsrch[i] != NULL; i++)
        domains[count++] = state->dnsrch[i] + (*state->dnsrch[i] == '.');  // The root's name is a dot.
    if (!is_first) domains[count++] = NULL;
    enum outcome all = no_such_name;
    int error = 0;
    for (int i = 0; i < count; i++) {
        enum outcome one = ask(state, name, domains[i], type, answer, size);
        if (one == found) return found;
        if (one == no_answer) all = no_answer, error = state->res_h_errno;
    }
    state->res_h_errno = error;
    // The C library keeps further domains to itself.
    if (all == no_such_name && !is_whole && state->dnsrch[MAXDNSRCH - 1] != NULL) {
        int found_size = res_nsearch(state, name, ns_c_in, type, answer, answer_size);
        if (found_size >= 0) return *size = found_size, found;
    }
    return all;
}

int cresolv_lookup(const struct cresolv_server *server, const char *name, int type, cresolv_found *found_record,
                   void *context, const char **error) {
    struct __res_state state;
    memset(&state, 0, sizeof state);
    unsigned char *answer = malloc(answer_size);
    if (answer == NULL || res_ninit(&state) != 0) {
        free(answer);
        *error = "cannot set up the resolver";
        return -1;
    }
    if (server != NULL) use_server(&state, server);
    int size = 0, result = 0;
    switch (search(&state, name, type, answer, &size)) {
    case found:
        if (size > 0) result = read_answer(answer, size < answer_size ? size : answer_size, type, found_record, context);
        if (result != 0) *error = "malformed answer";
        break;
    case no_such_name: break;
    case no_answer:
        *error = hstrerror(state.res_h_errno);
        result = -1;
    }
    res_nclose(&state);
    free(answer);
    return result;
}
