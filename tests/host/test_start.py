# SPDX-License-Identifier: Apache-2.0
"""Starts of the real process, counted, with what may be broken broken: each is a state with a
code, none a loop, and the records are there behind it.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from firmware import hal
from firmware.boot import safe, slots
from firmware.boot.record import BootRecord, InFiles
from host_tools.cli.runtime import runtime_command
from sim.issuer import Profile
from sim.replaying import until
from sim.rig import TERMINAL, Rig
from sim.timing import Timing
from tests.host.notify import Supervisor
from tests.host.unix_port import ROOT, micropython

LOST = "card_lost"
CARDS = (("one", "adult", "62280001", Profile()),)


class Started:
    """A process of firmware.boot.root in the folder of a rig whose own terminal does not run;
    more: arguments behind the boot record.
    """

    def __init__(self, folder, env=None, program=(sys.executable,), more=()):
        argv = [*program, "-m", "firmware.boot.root", folder / "settings.txt", folder / "boot"]
        argv += more
        self.process = subprocess.Popen(
            argv,
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.events: list[dict] = []
        self.texts: list[str] = []

    def until(self, wanted, limit_s=20):
        """Read lines up to an event `wanted`, or a text that holds it; what it was."""
        end_s = time.monotonic() + limit_s
        while time.monotonic() < end_s:
            line = self.process.stdout.readline().decode().strip()
            assert line or self.process.poll() is None, (wanted, self.events, self.texts)
            if line.startswith("{"):
                self.events.append(json.loads(line))
                if self.events[-1]["event"] == wanted:
                    return self.events[-1]
            else:
                self.texts.append(line)
                if wanted in line:
                    return line
        raise AssertionError((wanted, self.events, self.texts))

    def paid(self):
        """Message of the card in the field, which is asked again where the machine is busy."""
        message = LOST
        while message == LOST:
            message = self.until("tap")["message"]
        return message

    def type(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def rig(tmp_path):
    """A city whose terminal has sold once, could not upload it, and does not run."""
    with Rig(tmp_path, runtime_command("cpython")[:3], Timing.none(), CARDS) as rig:
        rig.collector_server.stop()
        rig.field.place(rig.cards["one"])
        paid = LOST
        while paid == LOST:  # a busy machine: nothing was charged, the card is still there
            paid = until(rig.firmware, "tap")[-1]["message"]
        assert paid == "ok"
        rig.field.remove()
        rig.stop_terminal()
        yield rig


def kept(folder):
    return BootRecord(InFiles(hal, str(folder / "boot"))).values


def changed(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def no_settings(rig):
    (rig.folder / "settings.txt").unlink()


def torn_settings(rig):
    path = rig.folder / "settings.txt"
    path.write_bytes(path.read_bytes()[:40] + b"\xff\xfe" * 9)


def torn_parameters(rig):
    path = rig.folder / "parameters.txt"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] + b"\xff" * 64)


def no_parameters(rig):
    (rig.folder / "parameters.txt").unlink()


def no_reader(rig):
    path = rig.folder / "settings.txt"
    lines = [one for one in path.read_text().split("\n") if not one.startswith("reader:")]
    path.write_text("\n".join([*lines, "reader: serial:/dev/no-such-port", ""]))


def short_journal(rig):
    os.truncate(rig.folder / "journal.bin", 5 * 4096)


BROKEN = (
    (no_settings, 90),
    (torn_settings, 90),
    (no_parameters, 91),
    (torn_parameters, 91),
    (no_reader, 10),
    (short_journal, 20),
)


@pytest.mark.parametrize(("break_it", "code"), BROKEN, ids=[one.__name__ for one, _ in BROKEN])
def test_what_is_broken_is_a_state_with_a_code(rig, break_it, code):
    """TD-016: the process stays, says it, answers at its console, and holds its records."""
    before = (rig.folder / "journal.bin").read_bytes()
    break_it(rig)
    with Started(rig.folder) as started:
        assert started.until("safe")["code"] == code
        assert "Self-test %d" % code in started.until("show")["line2"]
        started.type("status")
        assert "code %d" % code in started.until("code %d" % code)
        started.type("journal")
        said = started.until("last number" if code not in (90, 20) else "journal:")
        assert "last number 1, acknowledged 0" in said or code in (90, 20)
        assert started.process.poll() is None
    assert kept(rig.folder)["text"].startswith("%d " % code)
    if code != 20:
        assert (rig.folder / "journal.bin").read_bytes() == before


def test_safe_mode_uploads_what_is_unsent(rig):
    """The reader is gone; the sale reaches the ledger all the same, once."""
    no_reader(rig)
    rig.collector_server = rig._collector(0)
    rig.collector_server.start()
    path = rig.folder / "settings.txt"
    lines = [one for one in path.read_text().split("\n") if not one.startswith("link:")]
    link = "link: tcp:127.0.0.1:%d" % rig.collector_server.port
    path.write_text("\n".join([*lines, link, ""]))
    with Started(rig.folder) as started:
        assert started.until("upload")["acknowledged"] == 1
        started.type("journal")
        started.until("last number 1, acknowledged 1")
    assert [(one.terminal, one.sequence) for one in rig.ledger.rows()] == [(TERMINAL, 1)]


def test_a_terminal_that_never_comes_to_good_ends_in_safe_mode_and_is_mended_by_hand(rig):
    """Killed again and again before anybody pays; restart at the console, then a rider pays, and
    the count begins anew.
    """
    for _ in range(slots.LOOP):
        with Started(rig.folder) as started:
            started.until("ready")
    assert kept(rig.folder)["starts"] == slots.LOOP
    with Started(rig.folder) as started:
        said = started.until("safe")
        assert said["code"] == 93 and "%d starts" % (slots.LOOP + 1) in said["text"]
        started.type("slot factory")
        started.until("is next")
        started.type("restart")
        started.until("ready")  # the same process, from its beginning
        rig.field.place(rig.cards["one"])
        assert started.paid() == "already_paid"
        started.process.send_signal(signal.SIGTERM)
        assert started.process.wait(20) == 0
    assert kept(rig.folder)["starts"] == 0


def test_a_sale_makes_a_release_good(rig):
    rig.same_card_s = 0
    changed(rig.folder / "parameters.txt", "same_card_s: 60", "same_card_s: 0")
    with Started(rig.folder) as started:
        started.until("ready")
        assert kept(rig.folder)["starts"] == 1
        rig.field.place(rig.cards["one"])
        assert started.paid() == "ok"
        rig.field.remove()
        assert started.until("boot")["text"] == "the release is good"
    assert kept(rig.folder)["starts"] == 0


def test_micropython_has_the_same_states(rig):
    """The unix port cannot begin anew by itself: status 4 asks for it."""
    no_reader(rig)
    env = {"MICROPYPATH": str(ROOT)}
    with Started(rig.folder, env, (micropython(), "-X", "heapsize=1M")) as started:
        assert started.until("safe")["code"] == 10
        started.type("records")
        started.until("1 records; go on with")
        started.type("restart")
        started.until("starting anew")
        assert started.process.wait(20) == safe.AGAIN


def test_safe_mode_tells_the_service_manager(rig, tmp_path):
    no_reader(rig)
    folder = tmp_path / "manager"
    folder.mkdir()
    with Supervisor(Path(folder)) as manager, Started(rig.folder, manager.env()) as started:
        started.until("safe")
        manager.until("STATUS=safe mode, code 10")
        fed = manager.said.count("WATCHDOG=1")
        while manager.said.count("WATCHDOG=1") < fed + 2:
            time.sleep(0.05)
