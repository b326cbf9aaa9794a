# SPDX-License-Identifier: Apache-2.0
# QEMU's board mps2-an385 (Cortex-M3) with SHA-1 and SHA-256 of the library that boards use.
# lib/mbedtls is put there by tools/micropython.sh.
include boards/MPS2_AN385/mpconfigboard.mk
CFLAGS += -DMICROPY_PY_HASHLIB_SHA1=1 -DMICROPY_SSL_MBEDTLS=1
CFLAGS += -DMBEDTLS_PLATFORM_MS_TIME_ALT -I$(TOP)/lib/mbedtls/include -I$(BOARD_DIR)/.. -DMBEDTLS_CONFIG_FILE='"mbedtls_config.h"'
SRC_BOARD_O += $(addprefix lib/mbedtls/library/, sha1.o sha256.o platform_util.o)
