# SPDX-License-Identifier: Apache-2.0
"""Tables of docs/gate.md that stand in docstrings: name of the table -> module."""

from firmware.devices import gate_modes, gate_setup
from firmware.neighbours import relay_gate, tpw

MODULES = {
    "gate-lane": gate_setup,
    "gate-modes": gate_modes,
    "gate-pins": relay_gate,
    "gate-tpw": tpw,
}
