# SPDX-License-Identifier: Apache-2.0
"""Rig: a whole city on one desk: wallet, virtual PN532, terminal process, collector, ledger.

Everything lives in one folder and ends with the `with` block. The plug may be pulled and put in
again at any time: `restart()` kills the terminal and starts it on the same journal.
"""

import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

from firmware.errors import LinkLost
from host_tools.collector import Collector
from host_tools.ledger import Ledger, keys, registry
from host_tools.server import CollectorServer
from sim.card import Card
from sim.chip import Chip
from sim.field import Field
from sim.parameter_file import parameter_text
from sim.process import EventProcess, FirmwareProcess
from sim.replaying import EVENT_S, until
from sim.serve import PtyServer
from sim.timing import Timing
from sim.wallet import Wallet, in_use

TERMINAL = 1
JOURNAL_BLOCKS = 64
ENDING_S = 5  # a process whose output has ended is gone soon, or hangs

SETTINGS = """terminal: {terminal}
device: {device}
reader: {driver}:{reader}
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


class Rig:
    """folder: must exist; runtime: (argv, env, cwd) of an interpreter; timing: of the chip; root:
    the module that is the terminal; driver: `reader` of the settings; more: lines of them;
    classes: whether fares differ, for which a card is read before it is asked to pay; device:
    of the settings; signed: whether the terminal signs what it uploads, with a key of the folder;
    parameters: more lines of these; event_s: how long a start may take: more on a machine that has
    other things to do.
    """

    def __init__(
        self,
        folder,
        runtime,
        timing=None,
        kinds=None,
        fare_fen=200,
        torn_window_s=8,
        same_card_s=60,
        trace=False,
        serial_link=False,
        root="firmware.main",
        driver="serial",
        more="",
        classes=True,
        device="bus",
        signed=False,
        parameters="",
        event_s=EVENT_S,
    ):
        self.folder = Path(folder).resolve()  # the firmware runs in another folder
        self.runtime = runtime
        self.fare_fen = fare_fen
        home = self.folder / "wallet"
        there = (home / "wallet.json").exists()
        self.wallet = Wallet(home) if there else Wallet.create(home, *([kinds] if kinds else []))
        self.lock = in_use(home)
        self.cards: dict[str, Card] = {}  # from the start on, when the wallet is locked
        self.field = Field()
        self.chip_server = PtyServer(Chip(self.field, timing or Timing()))
        self.ledger = Ledger(f"sqlite:///{self.folder / 'ledger.db'}")
        self.collector_server = self._collector(0)
        self.torn_window_s = torn_window_s
        self.same_card_s = same_card_s
        self.trace = trace
        self.root = root
        self.driver = driver
        self.more = more
        self.classes = classes
        self.device = device
        self.signed = signed
        self.parameters = parameters
        self.event_s = event_s
        self.firmware: EventProcess | None = None
        self.begun: list = []  # events of the last start
        self.restarts = 0

    def _collector(self, port):
        collector = Collector(self.ledger, time_utc_s=time.time)
        return CollectorServer(collector, tcp=("127.0.0.1", port))

    def __enter__(self):
        self.lock.__enter__()
        with ExitStack() as undo:  # a terminal that is left behind holds its line for ever
            undo.push(self.__exit__)
            self._set_up()
            undo.pop_all()
        return self

    def _set_up(self):
        self.cards = {entry.name: self.wallet.card(entry.name) for entry in self.wallet.entries}
        self.chip_server.start()
        self.collector_server.start()
        facts = self.wallet.parameters()
        if not self.classes:
            facts["classes"] = []
        (self.folder / "parameters.txt").write_text(
            parameter_text(facts, self.fare_fen, self.torn_window_s, self.same_card_s)
            + self.parameters
        )
        text = SETTINGS.format(
            terminal=TERMINAL,
            device=self.device,
            driver=self.driver,
            reader=self.chip_server.link or self.chip_server.path,
            link=f"tcp:127.0.0.1:{self.collector_server.port}",
            folder=self.folder,
            blocks=JOURNAL_BLOCKS,
            trace="full" if self.trace else "no",
        )
        self._write(text, self.more + (self._upload_key() if self.signed else ""))
        self.start()

    def _upload_key(self):
        """A line of the settings; the ledger has the key too."""
        kept = self.folder / "upload.key"
        if not kept.exists():
            kept.write_text(keys.new_secret().hex())
        secret = kept.read_text()
        if TERMINAL not in [one.terminal for one in keys.listed(self.ledger)]:
            registry.enrol(self.ledger, [TERMINAL])
            keys.enter(self.ledger, TERMINAL, "desk", bytes.fromhex(secret))
        return f"\nupload_key: {secret}\n"

    def start(self):
        """Start the terminal, wait until it looks for cards; the plug may be pulled meanwhile."""
        while True:
            self.firmware = self.launch(self.folder / "settings.txt")
            try:
                self.begun = until(self.firmware, "ready", self.event_s)
                return
            except LinkLost:
                if not self.was_killed():
                    raise
                self.stop_terminal()

    def launch(self, settings):
        """The process of the terminal."""
        return FirmwareProcess(*self.runtime, self.root, settings)

    def restart(self):
        """Put the plug in again. LinkLost, with last words, when the terminal ended by itself."""
        if not self.was_killed():
            words = self.firmware.last_words() if self.firmware else ""
            raise LinkLost("the terminal has crashed" + words)
        self.power_up()

    def power_up(self):
        """Start the terminal anew, however it ended. LinkLost when it cannot start."""
        self.stop_terminal()
        self.restarts += 1
        self.start()

    def pull_plug(self):
        """SIGKILL at once, from any thread; whoever talks to the terminal finds it gone."""
        firmware = self.firmware
        if firmware:
            firmware.process.kill()

    def set_lines(self, settings):
        """Other lines of the settings, for the next start; {key: value}, "" takes a line away."""
        text = (self.folder / "settings.txt").read_text(encoding="utf-8")
        self._write(text, "".join(f"{key}: {one}\n" for key, one in settings.items()))

    def _write(self, text, more):
        """Settings with the lines of `more` in place of those of the same keys."""
        told = [one for one in more.splitlines() if one]
        keys = {one.partition(":")[0] for one in told}
        kept = [one for one in text.splitlines() if one.partition(":")[0] not in keys]
        kept += [one for one in told if one.partition(":")[2].strip()]
        path = self.folder / "settings.txt"
        path.write_text("\n".join(kept) + "\n", encoding="utf-8")

    def cut_link(self):
        """The collector goes; the ledger stays."""
        self.collector_server.stop()

    def mend_link(self):
        """The collector is back at its port. OSError when somebody else has that."""
        self.collector_server = self._collector(self.collector_server.port)
        self.collector_server.start()

    def was_killed(self):
        """True when the terminal ended by SIGKILL and not by itself."""
        if self.firmware is None:
            return False
        try:
            return self.firmware.process.wait(ENDING_S) == -signal.SIGKILL
        except subprocess.TimeoutExpired:
            return False

    def stop_terminal(self):
        """Pull the plug."""
        if self.firmware:
            self.firmware.__exit__()
            self.firmware = None

    def __exit__(self, *_):
        self.stop_terminal()
        self.chip_server.stop()
        self.collector_server.stop()
        self.lock.__exit__(None, None, None)
