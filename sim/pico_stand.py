# SPDX-License-Identifier: Apache-2.0
"""An emulated Pico on a table: its settings, a virtual PN532 with a field, a lamp that is looked
at, and a collector where one is wired.

    stand = Stand(image, wallet)             # a Wallet, or whatever gives its parameters()
    pico = stand.start()                     # an erased board with our files; nobody at its link
    pico = stand.start(pico.flash, depot)    # what that one has left, a Depot at the other end
"""

from sim.chip import Chip
from sim.field import Field
from sim.parameter_file import parameter_text
from sim.pico import Pico
from sim.timing import Timing

TERMINAL = 7
KEY = bytes(range(32))
FARE_FEN = 200
UTC = (2026, 11, 21, 10, 0, 0)
GREEN = 17
JOURNAL_BLOCKS = 100
SETTINGS = f"""terminal: {TERMINAL}
reader: serial:1:tx=4,rx=5
journal: flash:end
journal_blocks: {JOURNAL_BLOCKS}
parameters: parameters.txt
outputs: green={GREEN}
link: serial:0:tx=0,rx=1
upload_key: {KEY.hex()}
"""
READY_MS, TAP_MS, REMOVED_MS = 6000, 5000, 3000  # limits far off: what it takes is measured apart


class Stand:
    """What outlives the power: image, files, field. `meter` of the last start (pico_meter.py)."""

    def __init__(self, image, facts, same_card_s=60, more="", timing=None):
        self.image, self.field = image, Field()
        self.timing = timing or Timing()
        self.files = {
            "settings.txt": SETTINGS + more,
            "parameters.txt": parameter_text(facts, FARE_FEN, same_card_s=same_card_s),
        }

    def start(self, flash=None, depot=None, peer=None):
        """A Pico with power, its program not begun. peer(chip): what stands in for the chip."""
        files = self.files if flash is None else None
        pico = Pico(self.image, files=files, flash=flash, utc=UTC)
        chip = Chip(self.field, self.timing)
        pico.wire(1, peer(chip) if peer else chip)
        if depot:
            pico.wire(0, depot)
        pico.look_at(GREEN)
        return pico
