# SPDX-License-Identifier: Apache-2.0
"""A Rig whose terminal is the one that a package has installed on a Machine."""

import shutil

from sim.rig import JOURNAL_BLOCKS, TERMINAL, Rig
from sim.timing import Timing

SETTINGS = "/etc/faretap/settings.txt"
READER = "/dev/faretap-reader"
JOURNAL = "/var/lib/faretap/journal.bin"


class MachineRig(Rig):
    """machine: with the package on it."""

    def __init__(self, folder, machine, kinds, **more):
        super().__init__(folder, None, Timing.none(), kinds, **more)
        self.machine = machine

    def launch(self, settings):
        """The process of the unit, on what an installer does: settings, parameters, a reader."""
        machine = self.machine
        machine.attach(READER, self.chip_server.path)
        shutil.copy(self.folder / "parameters.txt", machine.path("/etc/faretap/parameters.txt"))
        link = f"tcp:127.0.0.1:{self.collector_server.port}"
        text = machine.path(SETTINGS).read_text()
        for key, value in (
            ("terminal", TERMINAL), ("device", "bus"), ("link", link),
            ("journal_blocks", JOURNAL_BLOCKS),
        ):  # fmt: skip
            text = filled(text, key, value)
        machine.path(SETTINGS).write_text(text)
        here = self.folder / "journal.bin"
        if not here.is_symlink():
            here.symlink_to(machine.path(JOURNAL))
        return machine.start()


def filled(text, key, value):
    """A settings text with another value behind a key that stands in it."""
    lines = text.split("\n")
    found = [number for number, line in enumerate(lines) if line.startswith(key + ":")]
    assert len(found) == 1, f"{key} stands {len(found)} times in the settings of the package"
    lines[found[0]] = f"{key}: {value}"
    return "\n".join(lines)
