// SPDX-License-Identifier: Apache-2.0
// What mpconfigvariant.mk compiles of mbedtls: the two hashes of hashlib.
#define MBEDTLS_SHA1_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_DEPRECATED_REMOVED
