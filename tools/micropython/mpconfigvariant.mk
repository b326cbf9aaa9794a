# SPDX-License-Identifier: Apache-2.0
# See mpconfigvariant.h. lib/mbedtls is put there by tools/micropython.sh.
MICROPY_FORCE_32BIT = 1
MICROPY_PY_BTREE = 0
MICROPY_PY_FFI = 0
MICROPY_PY_SSL = 0
MICROPY_PY_THREAD = 0
MICROPY_SSL_MBEDTLS = 0
SRC_THIRDPARTY_C += $(addprefix lib/mbedtls/library/, sha1.c sha256.c platform_util.c)
CFLAGS += -I$(TOP)/lib/mbedtls/include -DMBEDTLS_CONFIG_FILE='"mbedtls_config.h"'
