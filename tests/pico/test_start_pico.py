# SPDX-License-Identifier: Apache-2.0
"""The start of the image, executed: its watchdog acts, and damaged files are a state with a code.

Emulated: processor, watchdog and flash are rp2040py's, chip and cards are simulated.
"""

from pathlib import Path

from sim.chip import Chip
from sim.field import Field
from sim.parameter_file import parameter_text
from sim.pico import FILES_PLACE, Pico, file_system
from sim.timing import Timing
from sim.wallet import Wallet

IMAGE = Path(__file__).resolve().parents[2] / "build/micropython/pico.uf2"
SETTINGS = """terminal: 7
reader: serial:1:tx=4,rx=5
journal: flash:end
journal_blocks: 100
parameters: parameters.txt
watchdog_ms: 2000
"""
# a driver that never returns, in the first start alone
HANGS = """import machine
machine.RTC().datetime((2026, 11, 21, 0, 10, 0, 0, 0))
if machine.reset_cause() != machine.WDT_RESET:
    from firmware.reader import pn532
    def find(self, timeout_ms=0):
        while True:
            pass
    pn532.Pn532.find = find
"""
LIMIT_MS = 9000


def laid(pico, files):
    """Let these be the board's files."""
    data = file_system(files)
    pico.device.mcu.flash[FILES_PLACE : FILES_PLACE + len(data)] = data


def test_a_loop_that_hangs_is_reset_and_the_next_start_says_so(tmp_path):
    """TD-018: by the watchdog of the RP2040, as long after the last feed as the settings say."""
    parameters = parameter_text(Wallet.create(tmp_path / "wallet").parameters(), 200)
    pico = Pico(IMAGE, files={})
    laid(pico, {"settings.txt": SETTINGS, "parameters.txt": parameters, "boot.py": HANGS})
    pico.wire(1, Chip(Field(), Timing()))
    assert pico.run(lambda: len(pico.said("boot")) == 2, LIMIT_MS), (pico.events, pico.texts)
    first, second = pico.said("boot")[:2]
    begun = pico.said("watchdog")[0]
    assert (begun["kind"], begun["timeout_ms"]) == ("machine", 2000)
    assert (first["cause"], second["cause"], second["starts"]) == (1, 4, 2)
    assert "the loop hung" in second["text"]
    assert 1900 < second["at_ms"] - begun["at_ms"] < 2600, (begun, second)


def test_damaged_files_are_a_state_with_a_code(tmp_path):
    """TD-016: nothing is formatted, the board stays up and answers."""
    pico = Pico(IMAGE, files={})
    damaged = bytes(8192)
    pico.device.mcu.flash[FILES_PLACE : FILES_PLACE + len(damaged)] = damaged
    assert pico.run(lambda: pico.said("show"), LIMIT_MS), (pico.events, pico.texts)
    assert pico.said("safe")[0]["code"] == 92
    assert "Self-test 92" in pico.said("show")[0]["line2"]
    assert pico.flash[FILES_PLACE : FILES_PLACE + len(damaged)] == damaged
