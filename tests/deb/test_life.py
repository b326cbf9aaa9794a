# SPDX-License-Identifier: Apache-2.0
"""The life of a package: installed, upgraded, rolled back, removed; no record is lost.

Chip, cards and host are simulated; package, dpkg, Python and users are those of a clean Debian
bookworm in a chroot. There is no systemd in it: the terminal is started by the unit's own line, as
the unit's user, and the test listens in the service manager's place.
"""

import io
import sys
import time
import zipfile
from pathlib import Path

import pytest

from firmware.errors import LinkLost
from host_tools import release_files
from sim.closing import close_the_day
from sim.issuer import Profile
from sim.replaying import until
from tests.deb.machine import PACKAGE, PATIENCE_S, Machine, lacking
from tests.deb.machine_rig import JOURNAL, SETTINGS, MachineRig

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools/deb"))

import build  # noqa: E402 - behind its place

pytestmark = pytest.mark.skipif(bool(lacking()), reason=lacking() or "-")
NAMES = ("one", "two", "three", "four", "five", "six")
KINDS = tuple((name, "adult", "62280001", Profile(bits=512)) for name in NAMES)
FIRST, SECOND, BROKEN = 101, 102, 103
EPOCH = 1_790_000_000
STARTS = 5  # of a release on trial: firmware/boot/slots.py


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """{number: package}; BROKEN ends with an error before it is ready."""
    folder = tmp_path_factory.mktemp("packages")
    releases = {number: build.release_file(number) for number in (FIRST, SECOND)}
    releases[BROKEN] = build.release_file(BROKEN, broken(release_files.zip_body()))
    return {
        number: build.build(folder / str(number), number, EPOCH, data, packing="none")
        for number, data in releases.items()
    }


def broken(body):
    """The zip of a firmware whose root cannot be imported."""
    data = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(data, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == "firmware/main.py":
                text += b'\nraise RuntimeError("a release that cannot start")\n'
            new.writestr(name, text)
    return data.getvalue()


def pay(rig, name):
    """The tap event of a card that is held to the reader until it is answered."""
    rig.field.place(rig.cards[name])
    event = until(rig.firmware, "tap")[-1]
    while (
        event["message"] == "card_lost"
    ):  # a busy machine: nothing was charged, it is still there
        event = until(rig.firmware, "tap")[-1]
    rig.field.remove()
    return event


def release_of(rig):
    """Number of the release that has just begun."""
    return began(rig)["release"]


def began(rig):
    """What the loader has said of this start."""
    return [one for one in rig.begun if one["event"] == "boot"][0]


def test_a_package_should_never_lose_a_record(tmp_path, packages):
    """Installed, upgraded, killed, rolled back by itself and by hand, removed, purged."""
    with Machine(tmp_path) as machine:
        machine.install(packages[FIRST])
        refuses_until_filled_in(machine)
        folder = tmp_path / "rig"
        folder.mkdir()
        with MachineRig(folder, machine, KINDS, torn_window_s=2) as rig:
            rig.cut_link()
            assert release_of(rig) == FIRST
            assert pay(rig, "one")["message"] == "ok"
            comes_to_good(rig, machine, FIRST)
            tells_the_manager(machine)
            killed_in_a_tap(rig, "two")

            rig.stop_terminal()
            machine.install(packages[SECOND])
            rig.start()
            assert release_of(rig) == SECOND
            assert pay(rig, "three")["message"] == "ok"
            comes_to_good(rig, machine, SECOND)

            rig.stop_terminal()
            machine.install(packages[BROKEN])
            returns_by_itself(rig)
            assert pay(rig, "four")["message"] == "ok"

            rig.stop_terminal()
            assert f"{FIRST} is started next" in machine.must("faretap-release", "back")
            rig.start()
            assert release_of(rig) == FIRST
            assert pay(rig, "five")["message"] == "ok"

            rig.stop_terminal()
            stays_when_removed(machine)
            machine.install(packages[SECOND])
            rig.mend_link()
            rig.start()
            assert pay(rig, "six")["message"] == "ok"
            balance = close_the_day(rig, lambda event: None)
            rig.start()  # the answer to its last upload may not have been written when it was cut
            hears_that_all_arrived(rig)
            assert balance.faults == []
            assert balance.debits == len(NAMES)
            assert balance.approved_fen + balance.pending_taken_fen == len(NAMES) * rig.fare_fen
        machine.must("dpkg", "--purge", PACKAGE)
        assert not machine.path("/var/lib/faretap").exists()
        assert not machine.path("/etc/faretap").exists()
        assert not machine.path("/var/lib/faretap-kept").exists()


LIBRARIES = """
import sys
sys.path[:0] = ["/usr/lib/faretap/installed"]
from firmware import hal
from firmware.errors import LinkLost
def gone(opener, *words):
    try:
        opener(*words)
    except LinkLost as said:
        print(said)
gone(hal.open_output, "17")
gone(hal.open_input, "4,low=1")
gone(hal.open_bus, "spi", "0.0,irq=25,reset=24")
gone(hal.open_bus, "i2c", "1")
from firmware.hal.pins_cpython import needed
gpiod = needed("gpiod", "-")
settings = gpiod.LineSettings(gpiod.line.Direction.INPUT, gpiod.line.Edge.FALLING, "up", True)
print(gpiod._words(settings, True), gpiod._words(settings, False))
print(hasattr(gpiod._gpiod.Line, "event_wait"), hasattr(gpiod._gpiod.Line, "event_read"))
"""


def test_debians_libraries_should_be_those_the_firmware_calls(tmp_path, packages):
    """spidev 3.6, smbus2 0.4 and libgpiod 1.6 of bookworm, as far as a machine without pins shows:
    what is missing is the pin or bus, no name of a library.
    """
    with Machine(tmp_path) as machine:
        machine.install(packages[FIRST])
        said = machine.must("python3", "-I", "-c", LIBRARIES).strip().split("\n")
    assert len(said) == 6 and said[-1] == "True True", said
    starts = ("pin 17: ", "pin 4,low=1: ", "spi:0.0,irq=25,reset=24: ", "i2c:1: ")
    assert [one for one, start in zip(said, starts, strict=False) if start not in one] == [], said


def refuses_until_filled_in(machine):
    """Nothing is sold by a settings file as it comes; status 78 lets systemd leave it alone."""
    done = machine.run("faretap-terminal", user="faretap")
    assert done.returncode == 78 and "not filled in" in done.stdout, done.stdout
    assert "terminal: FILL-IN" in done.stdout and SETTINGS in done.stdout
    assert "78" in machine.unit()["RestartPreventExitStatus"].split()


def comes_to_good(rig, machine, number):
    """A sale was approved and every part is well: the trial is over."""
    assert until(rig.firmware, "boot")[-1]["text"] == "the release is good"
    assert f"{number}  in use" in machine.must("faretap-release", "list")


def tells_the_manager(machine):
    """Type=notify: it has said that it is ready, and feeds the watchdog."""
    lines = machine.told()
    assert "READY=1" in lines and "WATCHDOG=1" in lines, lines


def killed_in_a_tap(rig, name):
    """SIGKILL when the card was asked to pay; who comes again has paid once."""
    rig.field.place(rig.cards[name])
    until(rig.firmware, "show")
    rig.pull_plug()
    rig.field.remove()
    rig.restart()
    assert pay(rig, name)["message"] in ("ok", "torn_recovered", "already_paid")


def returns_by_itself(rig):
    """The starts on trial are used up, then the release before runs."""
    for _ in range(STARTS):
        with pytest.raises(LinkLost, match="a release that cannot start"):
            rig.start()
        rig.stop_terminal()
    rig.start()
    start = began(rig)
    assert (start["release"], start["left"], start["why"]) == (SECOND, BROKEN, "never good")
    assert "a release that cannot start" in start["text"]
    assert f"{BROKEN}  was left: never good" in rig.machine.must("faretap-release", "list")


def hears_that_all_arrived(rig):
    """The journal, read beside the terminal that writes it, holds nothing of its own."""
    end = time.monotonic() + PATIENCE_S
    while (done := rig.machine.run("faretap-release", "unsent")).returncode:
        assert time.monotonic() < end, done.stdout
        rig.firmware.next_event(0.2)
    assert ": 0 records" in done.stdout, done.stdout


def stays_when_removed(machine):
    """remove and purge leave the journal while the collector does not have all of it."""
    before = machine.path(JOURNAL).read_bytes()
    said = machine.must("dpkg", "--remove", PACKAGE)
    assert "they stay" in said and JOURNAL in said, said
    assert not machine.path("/usr/bin/faretap-terminal").exists()
    settings = machine.path(SETTINGS).read_text()
    said = machine.must("dpkg", "--purge", PACKAGE)
    assert "KEPT" in said and "/var/lib/faretap" in said, said
    assert machine.path(JOURNAL).read_bytes() == before
    assert not machine.path(SETTINGS).exists()
    assert machine.path("/var/lib/faretap-kept/settings.txt").read_text() == settings
