# SPDX-License-Identifier: Apache-2.0
"""A security module at a serial line, opened as by a unit's settings, under either interpreter:
the line is the first argument, the profile the second. Prints its state and three MACs.
"""

import binascii
import sys

sys.path.insert(0, ".")

from firmware import hal
from firmware.module.opening import open_module

FACTOR = bytes(range(8))
more = {"module": "serial:" + sys.argv[1], "module_profile": sys.argv[2], "module_keys": "28/01"}
module = open_module(more, hal, hal, print)
for version in (1, 2, 3):
    session = module.session(0x28, version, FACTOR)
    made = session and session.mac(bytes(8), b"record")
    hal.write_line(binascii.hexlify(made or b"").decode())
