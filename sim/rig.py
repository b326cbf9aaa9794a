# SPDX-License-Identifier: Apache-2.0
"""Rig: a whole city on one desk: wallet, virtual PN532, terminal process, collector, ledger.

Everything lives in one folder and ends with the `with` block. The plug may be pulled and put in
again at any time: `restart()` kills the terminal and starts it on the same journal.
"""

from pathlib import Path

from host_tools.collector import Collector
from host_tools.ledger import Ledger
from host_tools.server import CollectorServer

from sim.chip import Chip
from sim.field import Field
from sim.process import FirmwareProcess
from sim.replaying import until
from sim.serve import PtyServer
from sim.timing import Timing
from sim.wallet import Wallet

TERMINAL = 1
JOURNAL_BLOCKS = 64

SETTINGS = """terminal: {terminal}
device: bus
reader: serial:{reader}
link: {link}
journal: file:{folder}/journal.bin
journal_blocks: {blocks}
parameters: {folder}/parameters.txt
line: 12
stop: 3
vehicle: 8061
driver: 4711
shift: 1
trace: {trace}
"""

PERCENT = {"student": 50, "senior": 25}


def parameter_text(facts, fare_fen, torn_window_s):
    """Text of a parameter file for the cards of a wallet; facts: Wallet.parameters()."""
    lines = [f"version: 1\nfare_fen: {fare_fen}\ntorn_window_s: {torn_window_s}"]
    lines += [f"ca: {line}" for line in facts["ca"]]
    lines += [f"aid: {aid} partial" for aid in facts["aids"]]
    lines += [f"deny: {pan}" for pan in facts["deny"]]
    lines += [
        f"class: {name} {prefix} {PERCENT[name]}"
        for prefix, name in facts["classes"]
        if name in PERCENT
    ]
    return "\n".join([*lines, "deny_list_version: 7"]) + "\n"


class Rig:
    """folder: must exist; runtime: (argv, env, cwd) of an interpreter; timing: of the chip."""

    def __init__(
        self,
        folder,
        runtime,
        timing=None,
        kinds=None,
        fare_fen=200,
        torn_window_s=8,
        trace=False,
        serial_link=False,
    ):
        self.folder = Path(folder)
        self.runtime = runtime
        self.fare_fen = fare_fen
        home = self.folder / "wallet"
        there = (home / "wallet.json").exists()
        self.wallet = Wallet(home) if there else Wallet.create(home, *([kinds] if kinds else []))
        self.cards = {entry.name: self.wallet.card(entry.name) for entry in self.wallet.entries}
        self.field = Field()
        self.chip_server = PtyServer(Chip(self.field, timing or Timing()))
        self.ledger = Ledger(f"sqlite:///{self.folder / 'ledger.db'}")
        self.collector_server = CollectorServer(Collector(self.ledger), tcp=("127.0.0.1", 0))
        self.torn_window_s = torn_window_s
        self.trace = trace
        self.firmware = None
        self.restarts = 0

    def __enter__(self):
        self.chip_server.start()
        self.collector_server.start()
        (self.folder / "parameters.txt").write_text(
            parameter_text(self.wallet.parameters(), self.fare_fen, self.torn_window_s)
        )
        (self.folder / "settings.txt").write_text(
            SETTINGS.format(
                terminal=TERMINAL,
                reader=self.chip_server.path,
                link=f"tcp:127.0.0.1:{self.collector_server.port}",
                folder=self.folder,
                blocks=JOURNAL_BLOCKS,
                trace="yes" if self.trace else "no",
            )
        )
        self.start()
        return self

    def start(self):
        """Start the terminal and wait until it looks for cards."""
        self.firmware = FirmwareProcess(
            *self.runtime, "firmware.main", self.folder / "settings.txt"
        )
        until(self.firmware, "ready")

    def restart(self):
        """Pull the plug and put it in again."""
        self.stop_terminal()
        self.restarts += 1
        self.start()

    def stop_terminal(self):
        """Pull the plug."""
        if self.firmware:
            self.firmware.__exit__()
            self.firmware = None

    def ended(self):
        """True when the terminal process has died by itself."""
        return self.firmware.process.poll() is not None

    def __exit__(self, *_):
        self.stop_terminal()
        self.chip_server.stop()
        self.collector_server.stop()
