# SPDX-License-Identifier: Apache-2.0
"""faretap release: sources in, signed file out, as terminals and the ledger judge it; roll-outs of
firmware reach the boards they are made for, and halt where terminals come back from it.
"""

import subprocess
import sys

import pytest

from firmware.errors import FormatError
from firmware.formats import fields, release
from firmware.formats import status as words
from host_tools import release_files, sealing, signing
from host_tools.ledger import Ledger, files, rollout, rollout_members, rollout_offers
from host_tools.ledger import status as fleet
from tests import deny_lists
from tests.host.console import faretap
from tests.release_files import signed_release

KEY = bytes(range(32))
RETURNED = 5


@pytest.fixture
def authority(tmp_path):
    sealing.make_key(tmp_path / "authority.pem", b"")
    signing.make_sm2_key(tmp_path / "authority.sm2")
    return tmp_path


@pytest.fixture
def ledger(tmp_path):
    opened = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}", KEY, time_utc_s=lambda: 1_790_000_000)
    yield opened
    opened.close()


def test_linux_release_should_be_the_same_each_time_and_python_imports_from_it(authority):
    made = {}
    for key in ("authority.pem", "authority.sm2"):
        path = authority / (key + ".release")
        done = faretap("release", "build", "--board", "linux", "-o", path, "--number", "8",
                       "--key", authority / key)  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "release 8, 0.1.0, for linux" in done.stdout
        checked = faretap("release", "check", path, "--key", authority / key)
        assert (checked.returncode, checked.stdout[:15]) == (0, "good: release 8")
        made[key] = path.read_bytes()[release.BODY_AT :]
        program = "import firmware.kernel.tlv as tlv; print(tlv.__file__)"
        ran = subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(path)!r}); {program}"],
            capture_output=True, text=True, check=True, cwd=authority,
        )  # fmt: skip
        assert ran.stdout.startswith(str(path))
    assert made["authority.pem"] == made["authority.sm2"] == release_files.zip_body()
    other = faretap("release", "check", authority / "authority.pem.release", "--key",
                    authority / "authority.sm2")  # fmt: skip
    assert other.returncode == 2 and "no authority" in other.stderr


def test_body_that_is_there_should_be_signed_shown_and_refused_when_bent(authority):
    body, made = authority / "body", authority / "pico.release"
    body.write_bytes(b"\xd2\xcd\x31" + bytes(9000))
    how = ("--board", "pico", "-o", made, "--number", "9", "--key", authority / "authority.pem")
    done = faretap("release", "sign", body, *how, "--version", "0.2.0", "--effective",
                   "20261201040000")  # fmt: skip
    assert done.returncode == 0, done.stderr
    shown = faretap("release", "show", made).stdout
    for part in ("pico", "0.2.0", "20261201040000", "ROMFS image, 9,003 bytes", "RSA"):
        assert part in shown
    bent = bytearray(made.read_bytes())
    bent[-1] ^= 1
    made.write_bytes(bent)
    done = faretap("release", "show", made)
    assert done.returncode == 2 and "hash" in done.stderr
    body.write_bytes(b"\xd2\xcd\x31" + bytes(400_000))
    done = faretap("release", "sign", body, *how)
    assert done.returncode == 2 and "a slot of pico has" in done.stderr
    body.write_bytes(b"something else")
    done = faretap("release", "sign", body, *how)
    assert done.returncode == 2 and "neither a ROMFS image nor a zip" in done.stderr


def test_pico_release_should_hold_the_modules_of_its_device(authority):
    made = []
    for name in ("one", "two"):
        path = authority / name
        done = faretap("release", "build", "--board", "pico", "--device", "access", "-o", path,
                       "--number", "8", "--key", authority / "authority.pem")  # fmt: skip
        assert done.returncode == 0, done.stderr
        made.append(path.read_bytes()[release.BODY_AT :])
    assert made[0] == made[1] and made[0].startswith(b"\xd2\xcd\x31")
    for name in (b"access.mpy", b"terminal.mpy", b"update.mpy"):
        assert name in made[0]
    assert b"taxi_meter.mpy" not in made[0]
    done = faretap("release", "build", "--board", "pico_w", "-o", authority / "no", "--number",
                   "8", "--key", authority / "authority.pem")  # fmt: skip
    assert done.returncode == 2 and "not updated over the air" in done.stderr


def hello(ledger, terminal, firmware, in_force=1, laid=0, refused=0, why=0):
    """A status and the answer to it, as the collector does it."""
    values = fields.blank(words.STATUS_V1)
    values |= {"firmware": firmware, "files": [(words.PROGRAM, in_force, laid, refused, why)]}
    with ledger.sitting() as sitting:
        sitting.enrol([terminal])
        fleet.take(sitting, terminal, values)
        return [(one.kind, one.version) for one in rollout_offers.offers(sitting, terminal)]


def test_ledger_should_take_what_a_terminal_would(ledger):
    # TD-020
    one = files.register(ledger, signed_release(8), deny_lists.AUTHORITY)
    assert (one.kind, one.version) == ("firmware", 8)
    bent = bytearray(signed_release(9))
    bent[-1] ^= 1
    for wrong in (bytes(bent), signed_release(9)[:-1], signed_release(9, b"no body at all")):
        with pytest.raises(FormatError):
            files.register(ledger, wrong, deny_lists.AUTHORITY)


def test_firmware_should_reach_its_board_alone_also_later(ledger):
    files.register(ledger, signed_release(8), deny_lists.AUTHORITY)
    assert hello(ledger, 1, "0.1.0+pico") == []
    assert hello(ledger, 2, "0.1.0+linux") == []
    made = rollout.start(ledger, "firmware", 8, percent=100)
    assert hello(ledger, 1, "0.1.0+pico") == [(words.PROGRAM, 8)]
    assert hello(ledger, 2, "0.1.0+linux") == hello(ledger, 4, "0.1.0") == []
    assert rollout_offers.may_fetch(ledger, 1, words.PROGRAM, 8)
    assert not rollout_offers.may_fetch(ledger, 2, words.PROGRAM, 8)
    assert hello(ledger, 3, "0.1.0+pico") == [(words.PROGRAM, 8)]  # it was away until now
    assert [one.terminal for one in rollout_members.members(ledger, made)] == [1, 3]
    hello(ledger, 1, "0.1.0+pico", laid=8)
    hello(ledger, 3, "0.2.0+pico", in_force=8)
    standing = [one.standing for one in rollout_members.members(ledger, made)]
    assert standing == ["laid", "in force"]


def test_roll_out_should_halt_where_terminals_come_back(ledger):
    files.register(ledger, signed_release(8), deny_lists.AUTHORITY)
    for terminal in (1, 2, 3):
        hello(ledger, terminal, "0.1.0+pico")
    made = rollout.start(ledger, "firmware", 8, percent=100, most_failures=1)
    for terminal in (1, 2, 3):
        assert hello(ledger, terminal, "0.1.0+pico") == [(words.PROGRAM, 8)]
    assert hello(ledger, 1, "0.1.0+pico", refused=8, why=RETURNED) == []  # not once more
    assert rollout.one(ledger, made).state == "running"
    hello(ledger, 2, "0.1.0+pico", refused=8, why=RETURNED)
    assert rollout.one(ledger, made).state == "halted"
    assert hello(ledger, 3, "0.1.0+pico") == []
    why = {one.terminal: one.why for one in rollout_members.members(ledger, made)}
    assert why == {1: "returned", 2: "returned", 3: ""}
