# SPDX-License-Identifier: Apache-2.0
"""`faretap ticket kiosk`: a kiosk's key, and a real assembly that signs with it."""

import os
import stat
import types
from pathlib import Path

import pytest
from gmssl import sm2  # type: ignore[import-untyped]  # another hand's check

from firmware.devices import kiosk_issuer
from firmware.errors import FormatError
from firmware.formats import ticket
from tests.host.console import faretap

IDS, UNTIL = "70001-70010", "2026-12-31"


def opened(path):
    """Issuer of a file."""
    settings = types.SimpleNamespace(more={"kiosk_key": str(path)})
    hal = types.SimpleNamespace(read_text=lambda name: Path(name).read_text(encoding="utf-8"))
    return kiosk_issuer.open_issuer(settings, hal)


@pytest.fixture
def made(tmp_path):
    """(path of the kiosk's file, line of the gates)."""
    path = tmp_path / "kiosk7.key"
    done = faretap("ticket", "kiosk", path, "--number", 7, "--ids", IDS, "--until", UNTIL)
    assert done.returncode == 0, done.stderr
    return path, done.stdout.strip()


def test_a_ticket_of_a_kiosk_should_be_good_under_its_line(made, tmp_path):
    """Checked by our gate, by `faretap ticket check` and by another library."""
    path, line = made
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert "secret" not in line
    issuer = opened(path)
    text = issuer.text(issuer.body(0, 1, issuer.bounds.until))
    keys = ticket.read_keys(line)
    found = ticket.read(text, keys)
    ticket.verify(found, keys)
    other = sm2.CryptSM2("", "")
    other.public_key = keys[7][1].hex()  # it would take an X of 04.. for the mark of a point
    assert other.verify_with_sm3(found.signature.hex(), found.signed)
    (tmp_path / "keys.txt").write_text(line, encoding="utf-8")
    done = faretap("ticket", "check", tmp_path / "keys.txt", text)
    assert done.returncode == 0 and "70001" in done.stdout and UNTIL in done.stdout


def test_a_key_should_not_be_lost_and_bounds_should_be_right(made, tmp_path):
    again = faretap("ticket", "kiosk", made[0], "--number", 7, "--ids", IDS, "--until", UNTIL)
    assert again.returncode == 2
    other = tmp_path / "kiosk8.key"
    wrong = faretap("ticket", "kiosk", other, "--number", 8, "--ids", "9-1", "--until", UNTIL)
    assert wrong.returncode == 2 and "ids=9-1" in wrong.stderr and not other.exists()


def test_a_file_that_could_not_sign_should_stop_the_kiosk(made, tmp_path):
    """Another secret, no bounds, no secret, two keys."""
    text = made[0].read_text(encoding="utf-8")
    key, secret = text.strip().split("\n")
    for wrong in (
        key + "\nsecret: " + "11" * 32,
        key.replace("entries=1 ", "") + "\n" + secret,
        key,
        key + "\n" + key.replace("key: 7", "key: 8") + "\n" + secret,
    ):
        path = tmp_path / "wrong.key"
        path.write_text(wrong, encoding="utf-8")
        with pytest.raises(FormatError):
            opened(path)
