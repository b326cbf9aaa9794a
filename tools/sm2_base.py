# SPDX-License-Identifier: Apache-2.0
"""Write firmware/kernel/sm2_base.py: the base point of SM2 and the table of its comb.

python tools/sm2_base.py
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from firmware.kernel.sm2_comb import comb_table  # noqa: E402
from firmware.kernel.work import Work  # noqa: E402

TARGET = Path(__file__).resolve().parents[1] / "firmware" / "kernel" / "sm2_base.py"
BASE = bytes.fromhex(  # GB/T 32918.5 §2
    "32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7"
    "BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0"
)
TEXT = '''# SPDX-License-Identifier: Apache-2.0
"""The base point of SM2 (GB/T 32918.5 §2) and the table of its comb (sm2_comb.py).

Written by tools/sm2_base.py. A constant, because to make it at start would take a second on a
Pico; as bytes, because hex digits would need room for themselves while they load.
"""

BASE = (
%s
)
BASE_TABLE = (
%s
)
'''


def lines(data):
    """Literals of 16 bytes, one a line."""
    rows = [data[at : at + 16] for at in range(0, len(data), 16)]
    return "\n".join('    b"%s"' % "".join("\\x%02x" % byte for byte in row) for row in rows)


if __name__ == "__main__":
    made = Work(comb_table(BASE), ArithmeticError).finish()
    TARGET.write_text(TEXT % (lines(BASE), lines(made)), encoding="utf-8")
