// SPDX-License-Identifier: Apache-2.0
// MicroPython's unix port as a stand-in for a board: 32 bits, single precision floats, SHA-1 and
// SHA-256 by the library that the boards use, no TLS, no threads. Built by tools/micropython.sh.
#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)
#define MICROPY_FLOAT_IMPL (MICROPY_FLOAT_IMPL_FLOAT)
#include "variants/mpconfigvariant_common.h"

#undef MICROPY_PY_HASHLIB_SHA1
#define MICROPY_PY_HASHLIB_SHA1 (1)
#define MICROPY_SSL_MBEDTLS (1) // which code hashlib takes; modules ssl and tls stay out
