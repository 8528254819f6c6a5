#include "ccrypt.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

bool ccrypt_bcrypt(const char *password, const char *setting, char result[CCRYPT_RESULT_BYTES]) {
    // 32 KiB, which is much of a thread's stack.
    struct crypt_data *data = calloc(1, sizeof *data);
    if (data == NULL) return false;
    const char *hash = crypt_r(password, setting, data);
    bool known = hash != NULL && hash[0] == '$' && strlen(hash) < CCRYPT_RESULT_BYTES;
    if (known) strcpy(result, hash);
    explicit_bzero(data, sizeof *data);
    free(data);
    return known;
}
