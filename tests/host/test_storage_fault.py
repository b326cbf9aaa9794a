# SPDX-License-Identifier: Apache-2.0
"""A journal that cannot be written stops the sale with a word, before the debit (MP-7, MP-8)."""

import json
import resource
import subprocess
import sys

from firmware import hal
from firmware.journal import Journal
from host_tools.cli.runtime import runtime_command
from sim.issuer import Profile
from sim.replaying import until
from sim.rig import JOURNAL_BLOCKS, Rig
from sim.timing import Timing
from tests.host.unix_port import ROOT

CARDS = (("one", "adult", "62280001", Profile()),)


def test_a_storage_that_fails_stops_the_sale_before_the_debit(tmp_path):
    """Every further write of the process fails. CPython: MicroPython dies of the signal."""
    rig = Rig(tmp_path, runtime_command("cpython")[:3], Timing.none(), CARDS)
    with rig:
        card = rig.cards["one"]
        process = rig.firmware.process
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, 0))
        rig.field.place(card)
        shown = until(rig.firmware, "lamp")
        if shown[-1]["lamp"] == "blue":  # in progress
            shown += until(rig.firmware, "lamp")
        assert shown[-1]["lamp"] == "red"
        assert any("Out of service" in one.get("line2", "") for one in shown)
        assert process.poll() is None and card.debits == [(1, 200, False)]
        rig.field.remove()
        rig.stop_terminal()
        rig.start()  # with a storage that works
        rig.field.place(card)
        assert until(rig.firmware, "tap")[-1]["message"] == "ok"
    assert [final for _, _, final in card.debits] == [False, True]
    assert card.balance_fen == 9800


def started_again(rig, **options):
    """The finished process of firmware.main with the settings of a stopped rig."""
    argv = [sys.executable, "-m", "firmware.main", rig.folder / "settings.txt"]
    return subprocess.run(argv, cwd=ROOT, text=True, timeout=30, **options)


def test_a_storage_that_fails_at_the_start_is_said_with_status_2(tmp_path):
    with Rig(tmp_path, runtime_command("cpython")[:3], Timing.none(), CARDS) as rig:
        rig.stop_terminal()
        flash = hal.open_flash(str(tmp_path / "journal.bin"), JOURNAL_BLOCKS)
        Journal(flash).open(b"cut off")  # the start closes it as a suspect
        flash.close()
        done = started_again(
            rig,
            stdout=subprocess.PIPE,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
        )
        last = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 2
    assert last == {"event": "stopped", "text": "the storage does not keep what is written"}


def test_a_lost_log_does_not_stop_the_terminal():
    report = "from firmware.main import report; report({'event': 'tap'}); import os; os._exit(7)"
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-c", report], cwd=ROOT, stdout=full)
    assert done.returncode == 7
