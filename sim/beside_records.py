# SPDX-License-Identifier: Apache-2.0
"""What stands beside every device that uses records of cards: a simulated PSAM at its slot.

It holds the test masters of all trades. Settings that go with it: module: serial:psam,
module_profile: {folder}/psam.txt, key_factor: pan:01
"""

from sim import capp_keys
from sim.beside import Beside
from sim.capp_profile import KEY_USE, VERSIONS
from sim.psam import PROFILE, Psam
from sim.psam_slot import PsamSlot


class BesideRecords(Beside):
    """`psam`: Psam at the line `psam`."""

    def __init__(self, play):
        super().__init__(play)
        names = [(KEY_USE, version) for version in VERSIONS.values()]
        self.psam = Psam({name: capp_keys.known_master(*name) for name in names})
        self.world.lines.peers["psam"] = PsamSlot(self.psam)

    def write_files(self):
        (self.play.folder / "psam.txt").write_text(PROFILE, encoding="utf-8")

    def verbs(self):
        return {**super().verbs(), "module": self.module}

    def module(self, inside, after=None):
        """The PSAM is pulled out of its slot, or put in; after: out behind so many commands."""
        self.psam.pulled, self.psam.deaf_after = not inside, after
