# SPDX-License-Identifier: Apache-2.0
"""Keys that sign uploads: entered and retired by command, sealed at rest, read from settings."""

from collections import namedtuple

import pytest
from click.testing import CliRunner

from firmware import signed_setup
from firmware.errors import FormatError
from firmware.kernel.sm3 import Sm3
from host_tools.cli.ledger import command as ledger_command
from host_tools.ledger import keys, registry
from tests.host.test_signed_upload import SECRET, TERMINAL, journal_of, random_bytes


def test_keys_rest_sealed(ledger):
    registry.enrol(ledger, [TERMINAL])
    keys.enter(ledger, TERMINAL, "one", SECRET)
    with ledger.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM upload_keys").all()
    assert len(rows) == 1 and SECRET not in b"".join(
        bytes(cell) for cell in rows[0] if isinstance(cell, (bytes, memoryview))
    )


def test_keys_are_entered_and_retired_by_command(tmp_path, monkeypatch):
    monkeypatch.setenv("FARETAP_LEDGER_KEY", "11" * 32)

    def said(*words):
        done = CliRunner().invoke(ledger_command, [*words, "--database", str(tmp_path / "l.db")])
        return done.exit_code, done.output + str(done.exception or "")

    file = tmp_path / "keys.txt"
    assert said("enrol", "7", "8", "--new-keys", str(file), "--key-id", "one")[0] == 0
    assert file.stat().st_mode & 0o777 == 0o600
    drawn = [one for one in file.read_text().splitlines() if one.startswith("upload_key: ")]
    assert len({*drawn}) == 2 and all(len(one) == len("upload_key: ") + 64 for one in drawn)
    assert "File exists" in said("enrol", "7", "--new-keys", str(file), "--key-id", "two")[1]
    other = tmp_path / "again.txt"
    assert "already" in said("enrol", "7", "--new-keys", str(other), "--key-id", "one")[1]
    assert not other.exists()
    key = SECRET.hex()
    assert (
        "no MAC" not in said("enrol", "7", "--key", key, "--key-id", "two", "--mac", keys.SM3)[1]
    )
    assert said("retire", "7", "--key-id", "one")[0] == 0
    shown = said("keys")[1]
    assert "retired" in shown and "two" in shown and key not in shown
    assert drawn[0].split()[1] not in shown


def test_a_unit_takes_its_key_from_its_settings():
    more = {"upload_key": SECRET.hex(), "upload_mac": "hmac-sm3", "upload_signed": "if-known"}

    def made(**changed):
        unit = namedtuple("Unit", "more terminal")({**more, **changed}, TERMINAL)
        hal = namedtuple("Hal", "random_bytes")(random_bytes)
        return signed_setup.make(unit, hal, journal_of(0))

    unit = made(upload_bytes="32000")
    assert unit.key.secret == SECRET and unit.key.make_hash is Sm3 and unit.unsigned
    assert unit.limit_bytes == 32000 and unit.limit_count == 100 and unit.frame_most == 64000
    for wrong in (
        {"upload_key": "00" * 31}, {"upload_key": "xx" * 32}, {"upload_mac": "crc"},
        {"upload_signed": "never"}, {"upload_bytes": "100"}, {"upload_bytes": "many"},
    ):  # fmt: skip
        with pytest.raises(FormatError, match=next(iter(wrong))):
            made(**wrong)
