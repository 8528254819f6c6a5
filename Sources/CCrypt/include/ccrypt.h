#pragma once
// libcrypt's bcrypt.
#include <stdbool.h>

/// What the longest bcrypt hash takes, with the zero that ends it.
#define CCRYPT_RESULT_BYTES 64

/// Hashes `password` with the cost and salt of `setting`, a bcrypt hash or the beginning of one, into `result`, and ends it
/// with a zero. False where the library does not know the setting.
bool ccrypt_bcrypt(const char *password, const char *setting, char result[CCRYPT_RESULT_BYTES]);
