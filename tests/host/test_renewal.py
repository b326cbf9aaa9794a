# SPDX-License-Identifier: Apache-2.0
"""Sealed parameters: a terminal takes a newer set by itself, and nothing else from anybody."""

from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from firmware.errors import FormatError, LinkLost
from firmware.formats import parameters, record
from firmware.kernel import tags, tlv
from firmware.renewal import LOOK_MS, Renewal, choose
from firmware.settings import parse as parse_settings
from host_tools import sealing
from host_tools.cli.runtime import runtime_command
from sim.issuer import Profile
from sim.rig import Rig
from sim.timing import Timing
from tests.host.console import faretap
from tests.host.events import wait_for
from tests.small_card import CAPK, SmallCard
from tests.stand import Stand

CARDS = (("one", "adult", "62280001", Profile()),)
KEY = rsa.generate_private_key(65537, 2048)
OTHER = rsa.generate_private_key(65537, 2048)
CA = "ca: RSA %s F1 03 %s\n" % (CAPK.rid.hex(), CAPK.key.hex())
UNIT = parse_settings(
    "terminal: 1\nreader: serial:x\njournal: file:y\nparameters: p\nauthority: "
    + sealing.modulus_of(KEY).hex()
)


def text_of(version, fare_fen=200, more="", key=KEY):
    return sealing.sealed(f"version: {version}\nfare_fen: {fare_fen}\n{CA}{more}", key)


class Disk:
    """Files, a clock and the two system calls that a renewal wants of hal."""

    def __init__(self, **files):
        self.files = files
        self.now = (2026, 11, 21, 10, 15, 0)
        self.ms = 0

    def read_text(self, path):
        if path not in self.files:
            raise OSError(2, path)
        return self.files[path]

    def rename(self, old, new):
        self.files[new] = self.files.pop(old)

    def local_now(self):
        return self.now

    def ticks_ms(self):
        return self.ms

    def ticks_diff(self, later, earlier):
        return later - earlier


def disk(here, following=None):
    made = Disk(p=here)
    if following is not None:
        made.files["p.next"] = following
    return made


def chosen(made):
    """(version, path) of the set in force."""
    fleet, path, _ = choose(UNIT, made, parameters.parse)
    return fleet.version, path


@pytest.mark.parametrize(
    ("following", "version"),
    [
        (None, 3),
        (text_of(4), 4),
        (text_of(2), 3),  # replayed
        (text_of(4, key=OTHER), 3),
        (text_of(4).replace("fare_fen: 200", "fare_fen: 100"), 3),
        (text_of(4)[:-40], 3),
        ("version: 4\nfare_fen: 1\n", 3),  # without a seal
        (text_of(4, more="effective: 20261121 101500\n"), 4),
        (text_of(4, more="effective: 20261121 101501\n"), 3),
    ],
)
def test_the_newest_set_that_holds_should_be_in_force(following, version):
    """QT-011, QT-012: signature, truncation, replay, moment; the old set stays active."""
    assert chosen(disk(text_of(3), following)) == (version, "p" if version == 3 else "p.next")


EACH_ITEM = """effective: 20261121 120000
aid: A000000333010102 exact
floor_limit_fen: 900
floor_limit_9f1b: 00000384
merchant: 123456789012345
mcc: 4111
acquirer: 000012345678
withdrawn: A000000333 F1 20261201
"""


def test_each_item_should_count_from_the_moment_on():
    """QT-011: applications, CA keys, limits, merchant, its category and the acquirer."""
    made = disk(text_of(3), text_of(4, 300, EACH_ITEM))
    made.now = (2026, 11, 21, 11, 59, 59)
    before = choose(UNIT, made, parameters.parse)[0]
    made.now = (2026, 11, 21, 12, 0, 0)
    after = choose(UNIT, made, parameters.parse)[0]
    assert (before.fare_fen, before.limits.floor_fen) == (200, None)
    assert (after.fare_fen, after.limits.floor_fen) == (300, 900)
    assert after.aids[0].aid.hex() == "a000000333010102" and not after.aids[0].partial
    assert (before.capks[0].until, after.capks[0].until) == (None, (2026, 12, 0))
    for tag, value in (
        (tags.MERCHANT, b"123456789012345"),
        (tags.MCC, b"\x41\x11"),
        (tags.ACQUIRER, bytes.fromhex("000012345678")),
    ):
        assert tag not in before.standing and after.standing[tag] == value


def test_sealed_set_that_cannot_be_read_should_not_end_service():
    """Its authority made a mistake: the set before goes on, and the bad one is not tried again."""
    body = "version: 4\nfare_fen: 200\nfare_class: nobody\n"
    signature = sealing.sealed(text_of(3).partition("seal")[0], KEY)
    assert signature == text_of(3)
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    bad = body + "seal: " + KEY.sign(body.encode(), padding.PKCS1v15(), hashes.SHA256()).hex()
    made = disk(text_of(3), bad)
    fleet, path, judged = choose(UNIT, made, parameters.parse)
    assert (fleet.version, path) == (3, "p") and len(judged) == 32
    stand = Stand("version: 3")
    watch = Renewal(UNIT, stand.terminal, made, judged)
    made.ms += LOOK_MS
    assert not watch.due()


def test_unit_with_an_authority_should_not_start_without_a_seal():
    """QT-012."""
    for here in ("version: 3\nfare_fen: 200\n", text_of(3, key=OTHER), text_of(3)[1:]):
        with pytest.raises(FormatError):
            chosen(disk(here))
    with pytest.raises(FormatError, match="yet"):
        chosen(disk(text_of(3, more="effective: 20270101 000000\n")))


def watched(following, version=3):
    """(Stand with parameters of `version`, its Renewal, the disk, what is taken up)."""
    stand = Stand("version: %d" % version)
    made = disk(text_of(version), following)
    watch = Renewal(UNIT, stand.terminal, made)
    watch.begin("p")
    made.ms += LOOK_MS
    return stand, watch, made


@pytest.mark.parametrize(
    "following",
    [
        text_of(2), text_of(3), text_of(4, key=OTHER), text_of(4)[:-30], text_of(4)[:200],
        text_of(4).replace("fare_fen: 200", "fare_fen: 1  "), "nothing",
    ],
)  # fmt: skip
def test_refused_set_should_be_told_once_and_change_nothing(following):
    """QT-012, QT-021: an event for the host; the terminal sells on by its old set."""
    stand, watch, made = watched(following)
    for _ in range(3):
        assert not watch.due()
        made.ms += LOOK_MS
    assert stand.kinds() == ["event", "event"]
    assert stand.records()[-1][1]["reason"] == "parameters_refused"
    told = [one["text"] for one in stand.events if one["event"] == "parameters"]
    assert len(told) == 2 and told[-1].startswith("refused")
    event = stand.tap(SmallCard())
    assert (event["message"], event["amount_fen"]) == ("ok", 200)


def test_newer_set_should_wait_for_its_moment():
    """QT-011: due from its effective second on."""
    stand, watch, made = watched(text_of(4, more="effective: 20261121 120000\n"))
    for now, due in (((11, 59, 59), False), ((12, 0, 0), True)):
        made.now = (2026, 11, 21, *now)
        assert watch.due() is due
        made.ms += LOOK_MS
    assert stand.terminal.is_idle()


def test_new_set_should_be_confirmed_with_index_and_checksum_of_each_key():
    """QT-021: once; the authority compares what the terminal holds with what it sent."""
    stand, watch, made = watched(None)
    for _ in range(2):
        watch.begin("p")  # started again: confirmed already
    [(kind, values)] = stand.records()
    assert (kind, values["reason"]) == ("event", "parameters_taken")
    assert values["parameters_version"] == 3
    found = [(one.tag, one.value) for one in tlv.parse(values["chip_data"])]
    assert found == [(0x9F06, CAPK.rid), (0x9F22, b"\xf1"), (0xDF03, CAPK.checksum)]


def test_set_that_was_taken_should_be_the_one_that_stays():
    """Its file takes the place of the old one, in one step."""
    stand, watch, made = watched(text_of(4))
    newer = Stand("version: 4").terminal
    newer.parts = stand.terminal.parts
    Renewal(UNIT, newer, made).begin("p.next")
    assert made.files == {"p": text_of(4)} and chosen(made) == (4, "p")


def test_replayed_set_should_be_refused_where_a_later_one_was_in_force():
    """QT-012: the journal remembers the version, whatever was done to the files."""
    stand, watch, made = watched(None, version=5)
    older = Stand("version: 4").terminal
    older.parts = stand.terminal.parts
    stand.journal.append(record.pack(stand.terminal.sale.stamp.onto(record.blank(record.EVENT))))
    older.parts = older.parts._replace(journal=stand.journal)
    with pytest.raises(FormatError, match="5 was in force"):
        Renewal(UNIT, older, disk(text_of(4))).begin("p")


def test_a_running_terminal_should_change_to_the_next_set_by_itself(tmp_path):
    """QT-011, QT-012: a process; refused first, then the fare of the new set is asked for."""
    rig = Rig(tmp_path, runtime_command("cpython")[:3], Timing.none(), CARDS)
    own = "\nauthority: " + sealing.modulus_of(KEY).hex() + "\n"
    with rig:
        path = tmp_path / "parameters.txt"
        plain = path.read_text()
        rig.stop_terminal()
        settings = tmp_path / "settings.txt"
        settings.write_text(settings.read_text() + own)
        with pytest.raises(LinkLost):
            rig.start()  # the set has no seal
        rig.stop_terminal()
        path.write_text(sealing.sealed(plain, KEY))
        rig.start()
        waiting = tmp_path / "parameters.txt.next"
        newer = plain.replace("version: 1", "version: 2").replace("fare_fen: 200", "fare_fen: 300")
        waiting.write_text(sealing.sealed(newer, OTHER))
        wait_for(rig.firmware, lambda one: "refused" in one.get("text", ""))
        soon = (datetime.now() + timedelta(seconds=2)).strftime("%Y%m%d %H%M%S")
        waiting.write_text(sealing.sealed(newer + f"effective: {soon}\n", KEY))
        wait_for(rig.firmware, lambda one: "version 2" in one.get("text", ""))
        assert not waiting.exists() and "version: 2" in path.read_text()
        rig.field.place(rig.cards["one"])
        tap = wait_for(rig.firmware, lambda one: one["event"] == "tap")[-1]
        assert (tap["message"], tap["amount_fen"]) == ("ok", 300)


def test_console_should_make_keys_and_seals(tmp_path):
    key, text = tmp_path / "a.pem", tmp_path / "p.txt"
    made = faretap("seal", "new", key)
    assert made.stdout.startswith("authority: ") and oct(key.stat().st_mode)[-3:] == "600"
    again = faretap("seal", "new", key)
    assert again.returncode == 2 and "Traceback" not in again.stderr
    text.write_text("version: 9\nfare_fen: 200\n")
    done = faretap("seal", "sign", key, text)
    text.write_text(done.stdout)
    assert "version 9, at once" in faretap("seal", "check", key, text).stdout
    text.write_text(done.stdout.replace("200", "100"))
    assert faretap("seal", "check", key, text).returncode == 2
    text.write_text("fare_fen: 200\n")
    assert faretap("seal", "sign", key, text).returncode == 2
