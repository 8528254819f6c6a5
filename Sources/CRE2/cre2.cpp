#include "cre2.h"

#include <re2/re2.h>

#include <cstdio>
#include <string>
#include <vector>

struct cre2_pattern {
    RE2 re;
    cre2_pattern(const re2::StringPiece &pattern, const RE2::Options &options) : re(pattern, options) {}
};

cre2_pattern *cre2_compile(const char *pattern, size_t length, char *reason, size_t reason_size) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_dot_nl(true);
    auto *compiled = new cre2_pattern(re2::StringPiece(pattern, length), options);
    if (compiled->re.ok()) return compiled;
    snprintf(reason, reason_size, "%s", compiled->re.error().c_str());
    delete compiled;
    return nullptr;
}

void cre2_free(cre2_pattern *pattern) { delete pattern; }

int cre2_group_count(const cre2_pattern *pattern) { return pattern->re.NumberOfCapturingGroups(); }

int cre2_group_index(const cre2_pattern *pattern, const char *name, size_t length) {
    const auto &groups = pattern->re.NamedCapturingGroups();
    auto found = groups.find(std::string(name, length));
    return found == groups.end() ? -1 : found->second;
}

bool cre2_full_match(const cre2_pattern *pattern, const char *text, size_t length) {
    return pattern->re.Match(re2::StringPiece(text, length), 0, length, RE2::ANCHOR_BOTH, nullptr, 0);
}

bool cre2_full_match_groups(const cre2_pattern *pattern, const char *text, size_t length, int64_t *spans, int groups) {
    std::vector<re2::StringPiece> found(groups);
    if (!pattern->re.Match(re2::StringPiece(text, length), 0, length, RE2::ANCHOR_BOTH, found.data(), groups)) {
        return false;
    }
    for (int i = 0; i < groups; i++) {
        bool took_part = found[i].data() != nullptr;
        spans[2 * i] = took_part ? found[i].data() - text : -1;
        spans[2 * i + 1] = took_part ? found[i].data() - text + (int64_t)found[i].size() : -1;
    }
    return true;
}
