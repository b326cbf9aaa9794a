# SPDX-License-Identifier: Apache-2.0
"""Tables of devices that stand in docstrings: name of the table -> module."""

from firmware.devices import duty, gate_modes, gate_setup
from firmware.neighbours import relay_gate, tpw

MODULES = {
    "duty": duty,
    "gate-lane": gate_setup,
    "gate-modes": gate_modes,
    "gate-pins": relay_gate,
    "gate-tpw": tpw,
}
