# SPDX-License-Identifier: Apache-2.0
"""A real terminal and a real collector, processes both: a release that lies there is tried,
imported from its file, and good by what the host answers; one that crashes
is left by itself (TD-020, TD-015).
"""

import io
import json
import re
import threading
import time
import zipfile

import pytest
from click.testing import CliRunner

from firmware import hal
from firmware.boot.record import BootRecord, InFiles
from host_tools import release_files, signing
from host_tools.cli.ledger import command as ledger_command
from host_tools.cli.runtime import ROOT, runtime_command
from host_tools.image import modules
from host_tools.ledger import Ledger, keys, registry
from sim.issuer import Profile
from sim.rig import TERMINAL, Rig
from sim.timing import Timing
from tests.host.console import PATIENCE_S, started, stopped
from tests.host.test_start import Started

CARDS = (("one", "adult", "62280001", Profile()),)
SECRET = bytes(range(32))
STARTS_MOST = 12


@pytest.fixture
def city(tmp_path):
    """(ask(*words) -> output of `faretap ledger`, port of a collector's process)"""
    database = tmp_path / "city.db"
    ledger = Ledger(f"sqlite:///{database}")
    registry.enrol(ledger, [TERMINAL])
    keys.enter(ledger, TERMINAL, "one", SECRET)
    ledger.close()
    collector = started("collect", "--simulated", "--tcp", "127.0.0.1:0", "--database", database)
    port = int(re.search(r"port (\d+)", collector.stdout.readline())[1])

    def ask(*words):
        told = CliRunner().invoke(ledger_command, [*map(str, words), "--database", str(database)])
        assert told.exit_code == 0, told.output
        return told.output

    yield ask, port
    stopped(collector)


@pytest.fixture
def unit(tmp_path, city):
    """(folder of a terminal, its authority's key)"""
    signer = signing.make_sm2_key(tmp_path / "authority.sm2")
    with Rig(tmp_path, runtime_command("cpython")[:3], Timing.none(), CARDS) as rig:
        rig.stop_terminal()
        settings = rig.folder / "settings.txt"
        lines = re.sub(r"link: .*", f"link: tcp:127.0.0.1:{city[1]}", settings.read_text())
        settings.write_text(f"{lines}\nupload_key: {SECRET.hex()}\n{signer.setting}\n")
        (rig.folder / "releases").mkdir()
        yield rig.folder, signer


def laid(folder, signer, number, body):
    """A release that somebody lays there; the same file."""
    data = release_files.signed_release(body, "linux", number, f"1.{number}", "", signer)
    (folder / "releases/coming.next").write_bytes(data)


def lived(folder, wanted):
    """Start until an event is `wanted`; the events of all starts."""
    events = []
    end_s = time.monotonic() + 4 * PATIENCE_S
    for _ in range(STARTS_MOST):
        with Started(folder, more=[folder / "releases"]) as one:
            late = threading.Timer(max(0, end_s - time.monotonic()), one.process.kill)
            late.start()
            for line in one.process.stdout:
                if line.startswith(b"{"):
                    events.append(json.loads(line))
                    if wanted(events[-1]):
                        late.cancel()
                        return events
            late.cancel()
    raise AssertionError(events)


def record_of(folder):
    return BootRecord(InFiles(hal, str(folder / "boot"))).values


def boots(events):
    return [(one["slot"], one["release"]) for one in events if one.get("slot")]


def zipped(main=lambda text: text):
    """A zip of what a bus needs on CPython; main: what becomes of the text of main.py."""
    made = io.BytesIO()
    names = [*modules.needed(["bus"]), *(ROOT / "firmware/hal").glob("*.py")]
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(set(names)):
            text = path.read_text(encoding="utf-8")
            archive.writestr(
                path.relative_to(ROOT).as_posix(), main(text) if path.name == "main.py" else text
            )
    return made.getvalue()


def crashing(text):
    return text.replace("def main(", "raise RuntimeError('bad')\n\n\ndef main(")


def test_a_release_is_tried_and_good_and_a_bad_one_is_left(unit, city):
    # TD-020, TD-015
    (folder, signer), (ask, _) = unit, city
    laid(folder, signer, 8, zipped())
    events = lived(folder, lambda one: one["event"] == "boot" and record_of(folder)["floor"] == 8)
    assert boots(events) == [("factory", 1), ("a", 8)]
    assert "on trial" in [one.get("what") for one in events]
    lived(folder, lambda one: one["event"] == "boot" and "text" in one and not one.get("slot"))
    (seen,) = [json.loads(line) for line in ask("terminals", "--json").splitlines()]
    assert seen["versions"] == "firmware:8" and seen["firmware"].endswith("+linux")

    laid(folder, signer, 9, zipped(crashing))
    events = lived(folder, lambda one: one["event"] == "boot" and one.get("left") == 9)
    assert boots(events) == [("a", 8), *[("b", 9)] * 5, ("a", 8)]
    values = record_of(folder)
    assert (values["active"], values["floor"], values["returned"]) == (1, 8, 9)
