# SPDX-License-Identifier: Apache-2.0
"""The terminal over objects of pn532pi and adafruit-circuitpython-pn532, unmodified, before the
virtual chip on a pty.
"""

import json
import os
import shutil
import subprocess

import pytest

from host_tools.cli.runtime import ROOT
from sim.chip import Chip
from sim.issuer import Profile
from sim.replaying import until
from sim.rig import Rig
from sim.serve import PtyServer
from sim.timing import Timing
from sim.wallet import Wallet
from tests.host.virtual_host import FakeCard, FakeField

pytestmark = pytest.mark.own_clock

PYTHON = ROOT / "build" / "clients" / "python" / "bin" / "python"
DRIVERS = {"pn532pi": "pn532pi", "adafruit": "adafruit_pn532"}
CARDS = [
    (name, "adult", "62280001", Profile(balance_fen=9000, kind=kind))
    for name, kind in (("one", "A"), ("two", "A"), ("other", "B"))
]
FARE_FEN = 200


def has(package):
    """Whether the clients' environment has the package (tools/clients.sh env)."""
    if not PYTHON.exists():
        return False
    asked = [PYTHON, "-c", f"import {package}"]
    return not subprocess.run(asked, capture_output=True, check=False).returncode


each_driver = pytest.mark.parametrize(
    "driver",
    [
        pytest.param(name, marks=pytest.mark.skipif(not has(package), reason=f"no {package}"))
        for name, package in DRIVERS.items()
    ],
)


def environment():
    return dict(os.environ, PYTHONPATH=str(ROOT))


@pytest.fixture(scope="module")
def wallet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wallet") / "wallet"
    Wallet.create(folder, CARDS)
    return folder


@pytest.fixture
def rig_of(tmp_path, wallet):
    opened = []
    shutil.copytree(wallet, tmp_path / "wallet")

    def rig(driver):
        runtime = [str(PYTHON)], environment(), ROOT
        opened.append(
            Rig(tmp_path, runtime, Timing.none(), None, FARE_FEN, driver=driver, same_card_s=0)
        )
        return opened[-1].__enter__()

    yield rig
    for one in opened:
        one.__exit__(None, None, None)


def outcome(rig, name):
    """How the tap of one card ended; then the card is taken away."""
    rig.field.place(rig.cards[name])
    event = until(rig.firmware, "tap")[-1]
    rig.field.remove()
    until(rig.firmware, "ready")
    return event["outcome"]


def longest(card):
    """Bytes of the longest answer to READ RECORD."""
    return max(len(body) // 2 for body in card.image["records"].values()) + 2


@each_driver
def test_cards_with_long_records_should_pay(rig_of, driver):
    """Answers of 253 bytes and more come in blocks, so that no library meets one."""
    rig = rig_of(driver)
    for name in ("one", "two", "one"):
        card = rig.cards[name]
        before = card.balance_fen
        assert longest(card) > 252
        assert outcome(rig, name) == "approved"
        assert before - card.balance_fen == FARE_FEN
    assert [len(rig.cards[name].debits) for name in ("one", "two", "other")] == [2, 1, 0]


@each_driver
def test_limits_should_be_said_at_the_start(rig_of, driver):
    (said,) = [event for event in rig_of(driver).begun if event["event"] == "reader_limits"]
    assert driver in said["driver"]
    assert "blocks of 128" in said["text"] and "type A alone" in said["text"]


@each_driver
def test_card_of_type_b_should_hear_no_apdu(rig_of, driver):
    """It is no card for this reader; beside one of type A it is a collision (QT-051)."""
    rig = rig_of(driver)
    rig.field.place(rig.cards["other"])
    for _ in range(20):
        event = rig.firmware.next_event(0.1)
        assert event is None or event["event"] != "tap"
    rig.field.place(rig.cards["one"], rig.cards["other"])
    until(rig.firmware, "collision")
    assert rig.field.log == [] and rig.cards["one"].debits == []
    rig.field.remove()
    until(rig.firmware, "ready")
    assert outcome(rig, "one") == "approved"


@each_driver
def test_torn_card_should_be_settled_by_its_second_tap(rig_of, driver):
    """A failure of the library is a lost link: unknown is pending, and one debit in the end."""
    rig = rig_of(driver)
    card = rig.cards["one"]
    before = card.balance_fen
    rig.field.tear(ins=0xB2, last=True, acted=True)
    rig.field.place(card)
    assert until(rig.firmware, "tap")[-1]["outcome"] == "torn_pending"
    assert before - card.balance_fen == FARE_FEN
    rig.field.place(card)
    assert until(rig.firmware, "tap")[-1]["outcome"] == "recovered"
    assert before - card.balance_fen == FARE_FEN and len(card.debits) == 1


ASK = """
import json, sys
from firmware import hal
from firmware.errors import LinkLost
from firmware.reader import borrowed
name, path = sys.argv[1:]
wrap = {"pn532pi": borrowed.Pn532pi, "adafruit": borrowed.Adafruit}[name]
borrowed.LENGTHS[0x40] = 260
chip = borrowed.BorrowedChip(wrap(hal.open_library(name, path)), hal)
chip.open()
chip.power(True)
seen = []
for count in (5, 252, 253, 5, 258, 5, 5):
    try:
        chip.command(0x12, b"\\x00", 50)
        if chip.find(100) is None:
            seen.append("none")
        chip.command(0x12, b"\\x14", 50)  # RATS by the chip, so that it carries the APDU
        listed = chip.command(0x4a, b"\\x01\\x00", 100)
        answer = chip.command(0x40, b"\\x01" + count.to_bytes(2, "big"), 500)
        seen.append(len(answer) - 1)
    except LinkLost as lost:
        seen.append(type(lost).__name__)
chip.bus._port.close()
before = chip.recover()
print(json.dumps([seen, before, len(chip.command(0x02, b"", 50))]))
"""


@each_driver
def test_what_a_library_cannot_read_should_cost_one_command(driver):
    """253 bytes fail and raise LinkLost; what is left of them harms nothing that follows, and a
    line that was closed is opened anew.
    """
    with PtyServer(Chip(FakeField(FakeCard()))) as server:
        done = subprocess.run(
            [PYTHON, "-c", ASK, driver, server.path],
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    seen, recovered, version = json.loads(done.stdout.splitlines()[-1])
    assert seen == [5, 252, "ChipError", 5, "ChipError", 5, 5]
    assert recovered and version == 4
