# SPDX-License-Identifier: Apache-2.0
"""Tables of devices that stand in docstrings: name of the table -> module."""

from firmware.devices import duty, gate_modes, gate_setup
from firmware.devices import selftest as selftests
from firmware.neighbours import relay_gate, tpw
from host_tools.flash import faults

MODULES = {
    "duty": duty,
    "gate-lane": gate_setup,
    "gate-modes": gate_modes,
    "gate-pins": relay_gate,
    "gate-tpw": tpw,
}


def flash_faults():
    """What ends a flashing, and what to do."""
    rows = [["`%s`" % word, text] for word, text in faults.rows()]
    return "".join(
        "| %s |\n" % " | ".join(row) for row in [["word", "what to do"], ["---"] * 2, *rows]
    )


def selftest():
    """The table of codes."""
    rows = [line.split("|") for line in selftests.TABLE.strip().split("\n")]
    head = ["code", "part", "panel", "", "what to do"]
    cells = [head, ["---"] * len(head), *rows]
    return "".join("| %s |\n" % " | ".join(row) for row in cells)
