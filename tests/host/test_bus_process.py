# SPDX-License-Identifier: Apache-2.0
"""The real process of a bus before the virtual chip, with a console and an announcer on ptys."""

import threading
import time

import pytest

from firmware.errors import LinkLost
from host_tools.cli.runtime import runtime_command
from sim.announcer import AnnouncerBox
from sim.issuer import Profile
from sim.pty_line import PtyLine
from sim.replaying import until
from sim.rig import Rig
from sim.timing import Timing
from tests.host.console import RUNTIMES

CARDS = (
    ("one", "adult", "62280001", Profile()),
    ("two", "adult", "62280001", Profile()),
)
PATIENCE_S = 20


class Driver:
    """Somebody at the console: a machine of a line that types and reads."""

    def __init__(self):
        self.typed = b""
        self.seen = b""
        self.lock = threading.Lock()

    def feed(self, data, now_ms):
        with self.lock:
            self.seen += data

    def outgoing(self, now_ms):
        with self.lock:
            said, self.typed = self.typed, b""
        return said

    def key(self, text):
        """The answer to a line, with what stood before it."""
        with self.lock:
            self.seen, self.typed = b"", text.encode() + b"\r"
        return self.wait_for("ok", "error")

    def greet(self):
        """Press until there is an answer: what is typed before the line is open is lost."""
        for _ in range(PATIENCE_S):
            try:
                with self.lock:
                    self.seen, self.typed = b"", b"state\r"
                answer = self.wait_for("ok", patience_s=1)
            except LinkLost:
                continue
            with self.lock:  # answers come in order: behind this one none to `state` is left
                self.typed = b"there\r"
            self.wait_for("error no command there")
            return answer
        raise LinkLost("the console is dead")

    def wait_for(self, *words, patience_s=PATIENCE_S):
        """All lines up to one that begins with these words or those."""
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            with self.lock:
                lines = self.seen.decode("utf-8", "replace").split("\r\n")
            if [one for one in lines[:-1] if one.startswith(words)]:
                return lines[:-1]
            time.sleep(0.02)
        raise LinkLost(f"the console did not say {words}: {self.seen!r}")


def pay(rig, driver, name):
    """The tap event of a card that is held to the reader, and what the driver read of it."""
    with driver.lock:
        driver.seen = b""
    rig.field.place(rig.cards[name])
    event = until(rig.firmware, "tap")[-1]
    while (
        event["message"] == "card_lost"
    ):  # a busy machine: nothing was charged, it is still there
        event = until(rig.firmware, "tap")[-1]
    rig.field.remove()
    until(rig.firmware, "ready")
    return event, driver.wait_for("note")


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_shift_should_go_from_sign_on_over_a_power_cut_to_its_statement(runtime, tmp_path):
    """TD-030, TD-032: over real lines; the power is cut in the middle of the shift."""
    driver, box = Driver(), AnnouncerBox(12)
    with PtyLine(driver) as console, PtyLine(box) as announcer:
        more = f"console: serial:{console.path}\nannouncer: serial:{announcer.path}\n"
        with Rig(
            tmp_path, runtime_command(runtime)[:3], Timing.none(), CARDS, more=more, same_card_s=0
        ) as rig:
            shown = [one for one in rig.begun if one["event"] == "show"][-1]
            assert shown["line2"] == "Driver: please sign in"
            driver.greet()
            assert driver.key("on 4711 9")[-1].startswith("ok driver 4711 shift 9, line 12 out")
            box.arrive(5)
            while "stop 5" not in driver.key("state")[-1]:
                pass
            event, notes = pay(rig, driver, "one")
            assert event["message"] == "ok" and notes[0].startswith("note OK: Paid 2.00")
            rig.pull_plug()
            rig.restart()
            assert "driver 4711 shift 9" in driver.greet()[-1]
            assert pay(rig, driver, "two")[0]["message"] == "ok"
            statement = driver.key("off")
            assert "  刷卡全价 Card, full fare: 2 笔 2 人 4.00" in statement
            assert "  合计 Total: 4.00" in statement
            end = time.monotonic() + PATIENCE_S
            while rig.ledger.totals().get("approved") != (2, 400) and time.monotonic() < end:
                time.sleep(0.05)
            assert rig.ledger.totals()["approved"] == (2, 400)
