# SPDX-License-Identifier: Apache-2.0
"""Who watches that the loop goes on: a service manager, a board's own watchdog, nobody."""

import json
import os
import signal
import subprocess
import sys

from firmware import hal
from host_tools.cli.runtime import runtime_command
from sim.issuer import Profile
from sim.replaying import until
from sim.rig import Rig
from sim.timing import Timing
from tests.host.notify import Supervisor
from tests.host.unix_port import ROOT, run_micropython

CARDS = (("one", "adult", "62280001", Profile()),)
BOARD = """
import sys
log = []
class WDT:
    def __init__(self, timeout):
        if timeout > 8388: raise ValueError('timeout exceeds 8388')
        log.append(['begun', timeout])
    def feed(self): log.append(['fed'])
class Timer:
    def __init__(self, number): pass
    def init(self, period, callback):
        log.append(['timer', period])
        callback(self)
    def deinit(self): log.append(['no timer'])
class Machine: pass
machine = Machine()
machine.WDT, machine.Timer, machine.mem32 = WDT, Timer, {0x40058000: 0}
sys.modules['machine'] = machine
from firmware.hal import watchdog_board
class Sys: platform = 'rp2'
watchdog_board.sys = Sys
"""


def settings_of(rig, *more):
    """The stopped rig's settings with further lines; firmware.main's command line."""
    path = rig.folder / "settings.txt"
    path.write_text(path.read_text() + "\n".join(more) + "\n")
    return [sys.executable, "-m", "firmware.main", path]


def test_where_nobody_watches_the_kind_should_say_so(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    dog = hal.watchdog(8000)
    dog.feed()
    dog.ready("in service")
    assert (dog.kind, dog.timeout_ms, dog.limit(9000).timeout_ms) == ("none", 0, 0)
    printed = run_micropython(
        "dog = hal.watchdog(8000)\nhal.sleep_ms(30)\ndog.feed()\ndog.feed()\ndog.stopping()\n"
        "show([dog.kind, dog.timeout_ms, dog.longest_ms >= 30])\n"
    )
    assert printed == [["none", 0, True]]


def test_a_manager_that_watches_somebody_else_should_not_be_fed(tmp_path, monkeypatch):
    with Supervisor(tmp_path) as manager:
        for name, value in manager.env().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("WATCHDOG_PID", "1")
        dog = hal.watchdog(8000)
        dog.ready("in service")
        manager.until("READY=1")
    assert dog.kind == "none" and "WATCHDOG=1" not in manager.said


def test_a_manager_that_is_gone_should_stop_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    monkeypatch.setenv("WATCHDOG_USEC", "3000000")
    dog = hal.watchdog(8000)
    dog.kicked_ms -= 8000
    dog.feed()
    dog.stopping()
    assert (dog.kind, dog.timeout_ms) == ("systemd", 8000)


def test_a_board_should_begin_feed_and_hold_its_watchdog():
    """machine.WDT as a stand-in has it; no board was used."""
    printed = run_micropython(
        BOARD + "watchdog_board.hold()\nshow(log)\n"
        "dog = watchdog_board.watchdog(20000)\nmachine.mem32[0x40058000] = 1 << 30\n"
        "dog.kicked_ms -= 2000\ndog.feed()\ndog.feed()\nshow([dog.kind, dog.timeout_ms, log])\n"
        "del log[:]\ndog.limit(3000)\nwatchdog_board.hold()\nwatchdog_board.hold()\n"
        "watchdog_board.watchdog(8000)\nshow(log)\n"
    )
    assert printed[0] == []  # none runs: there is nothing to hold
    assert printed[1] == ["machine", 8388, [["begun", 8388], ["begun", 8388], ["fed"]]]
    assert printed[2] == [["begun", 3000], ["begun", 8388], ["timer", 1000], ["fed"],
                          ["no timer"], ["begun", 8000], ["begun", 8000]]  # fmt: skip


def test_a_reset_that_was_asked_for_should_not_count_as_a_time_out():
    """An RP2 does both by its watchdog; bit 0 of REASON is the time-out."""
    printed = run_micropython(
        BOARD + "machine.mem32[0x40058008] = 2\nshow(watchdog_board.was_asked())\n"
        "machine.mem32[0x40058008] = 1\nshow(watchdog_board.was_asked())\n"
    )
    assert printed == [True, False]


def test_a_service_should_be_ready_fed_and_stopping(tmp_path):
    """READY=1 when it looks for cards, the settings' time-out, the longest time without a feed."""
    rig = Rig(tmp_path, runtime_command("cpython")[:3], Timing.none(), CARDS)
    with rig:
        rig.stop_terminal()
        argv = settings_of(rig, "watchdog_ms: 2000")
        with Supervisor(tmp_path, 60000) as manager:
            process = subprocess.Popen(
                argv, cwd=ROOT, env={**os.environ, **manager.env()}, stdout=subprocess.PIPE
            )
            manager.watch(process)
            manager.until("READY=1")
            fed = manager.said.count("WATCHDOG=1")
            while manager.said.count("WATCHDOG=1") < fed + 3:
                manager.ended.wait(0.05)
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=20)
            manager.until("STOPPING=1")
    assert process.returncode == 0 and not manager.killed and manager.timeout_s == 2
    told = [json.loads(line) for line in out.split(b"\n") if b'"watchdog"' in line]
    assert told[0] == {"event": "watchdog", "kind": "systemd", "timeout_ms": 2000}
    assert 0 < told[1]["longest_ms"] < 2000, told


def test_a_loop_that_hangs_should_be_ended(tmp_path):
    """TD-018: a reader's driver that never returns; the manager ends
    the process, and the next start takes the rider.
    """
    hung = tmp_path / "hung.py"
    hung.write_text(
        "import sys, time\nfrom firmware import main\nfrom firmware.reader.pn532 import Pn532\n"
        "def find(self, *_):\n    while True: time.sleep(1)\n"
        "Pn532.find = find\nmain.main(sys.argv[1])\n"
    )
    with Rig(tmp_path, runtime_command("cpython")[:3], Timing.none(), CARDS) as rig:
        rig.stop_terminal()
        argv = [sys.executable, hung, *settings_of(rig, "watchdog_ms: 2000")[3:]]
        with Supervisor(tmp_path) as manager:
            env = {**os.environ, **manager.env(), "PYTHONPATH": str(ROOT)}
            process = subprocess.Popen(argv, cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
            manager.watch(process)
            assert process.wait(20) == -signal.SIGABRT and manager.killed
        rig.start()
        rig.field.place(rig.cards["one"])
        assert until(rig.firmware, "tap")[-1]["message"] == "ok"
