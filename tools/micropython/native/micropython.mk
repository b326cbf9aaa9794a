# SPDX-License-Identifier: Apache-2.0
# faretap_sm for ports built by make (unix, qemu): make USER_C_MODULES=tools/micropython
FARETAP_SM := $(USERMOD_DIR)
SRC_USERMOD_C += $(addprefix $(FARETAP_SM)/, module.c sm2_field.c sm2_point.c sm3.c words.c)
CFLAGS_USERMOD += -I$(FARETAP_SM)
