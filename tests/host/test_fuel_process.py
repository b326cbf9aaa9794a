# SPDX-License-Identifier: Apache-2.0
"""A fill with everything at the end of a line: terminal process, virtual chip, virtual pump and a
simulated PSAM on ptys; the plug is pulled while the pump pours.
"""

import pytest

from host_tools.cli.runtime import runtime_command
from sim import capp_keys
from sim.beside_fuel import is_frozen
from sim.capp_profile import KEY_USE, VERSIONS, Extension
from sim.closing import close_the_day
from sim.meter_serve import MeterServer
from sim.profile import Profile
from sim.psam import PROFILE, Psam
from sim.psam_slot import PsamSlot
from sim.pty_line import PtyLine
from sim.pump import Pump
from sim.replaying import until
from sim.rig import Rig
from sim.timing import Timing

CARDS = (("one", "bike", "62280001", Profile(extended=Extension(("bike", "fuel")))),)
PATIENCE_S = 20
KEY = (KEY_USE, VERSIONS["fuel"])


class Forecourt(Rig):
    """A rig with device fuel, its pump and its PSAM."""

    def __init__(self, folder, runtime):
        self.pump = MeterServer(Pump(price_fen=1000))
        self.slot = PtyLine(PsamSlot(Psam({KEY: capp_keys.known_master(*KEY)})))
        (folder / "psam.txt").write_text(PROFILE)
        more = (
            f"pump: serial:{self.pump.path}\nfreeze_fen: 5000\nproduct: 92\n"
            f"module: serial:{self.slot.path}\nmodule_profile: {folder}/psam.txt\n"
            f"module_keys: {KEY[0]:02X}/{KEY[1]:02X}\n"
            f"record_key: {KEY[0]:02X}/{KEY[1]:02X}\nkey_factor: pan:01\n"
        )
        super().__init__(
            folder, runtime, Timing.none(), CARDS, more=more, device="fuel", classes=False
        )

    def start(self):
        path = self.folder / "parameters.txt"
        if "merchant" not in path.read_text():
            path.write_text(path.read_text() + "\nmerchant: 104310055110001\n")
        super().start()

    def __enter__(self):
        self.pump.__enter__()
        self.slot.__enter__()
        return super().__enter__()

    def __exit__(self, *words):
        super().__exit__(*words)
        self.slot.__exit__()
        self.pump.__exit__()

    def told(self, words):
        """The terminal has said this to the attendant, or shown it."""
        while True:
            event = self.firmware.next_event(PATIENCE_S)
            assert event, words
            if words in event.get("text", "") or words in event.get("line2", ""):
                return

    def tap(self, name):
        self.field.place(self.cards[name])
        event = until(self.firmware, "tap")[-1]
        self.field.remove()
        until(self.firmware, "ready")
        return event["message"]


@pytest.mark.parametrize("runtime", ["cpython", "micropython"])
def test_fill_should_balance(tmp_path, runtime):
    """QX-033, QX-052: released behind the record, asked for again behind a cut, paid once."""
    interpreter = runtime_command(runtime, 640)
    if interpreter.note:
        pytest.skip(interpreter.note)
    with Forecourt(tmp_path, interpreter[:3]) as post:
        pump, machine = post.pump, post.pump.machine
        post.told("pump is there")
        pump.do("lift")
        post.told("Tap card to fill")
        assert post.tap("one") == "frozen" and is_frozen(post.cards["one"])
        assert pump.until(("release",), PATIENCE_S) == ("release", True)
        assert machine.sales[0].limit_fen == 5000
        pump.do("fill 1200")
        post.pull_plug()
        assert pump.until(("poured",), PATIENCE_S)
        post.restart()
        pump.do("hang")
        post.told("order 1: 1200 fen of 5000 frozen")
        assert pump.until(("clear",), PATIENCE_S) == ("clear", True)
        assert post.tap("one") == "ok" and not is_frozen(post.cards["one"])
        balance = close_the_day(post, lambda event: None)
    assert balance.faults == [] and balance.approved_fen == 1200 == machine.total_fen
