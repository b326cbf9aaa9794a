# SPDX-License-Identifier: Apache-2.0
"""Card numbers rest under a key: no file, no output and no message shows one (CL-016)."""

import json
import subprocess
import time

import pytest
from click.testing import CliRunner

from firmware.errors import FormatError
from firmware.formats import batch, record
from host_tools.cli.ledger import command as ledger_command
from host_tools.collector import Collector
from host_tools.ledger import Ledger
from host_tools.ledger.vault import LABORATORY, VARIABLE, Vault, key_from, new_key
from tests.host.console import command, environment
from tests.host.test_ledger import PAN, packed

KEY = bytes(range(32))
DAY = time.strftime("%y%m%d")  # the commands go by the clock of this machine
NOON = {"date": DAY, "time": "120000", "time_utc_s": int(time.time())}
CLEAR = (PAN.encode(), bytes.fromhex(PAN + "f"), (PAN + "f").encode(), (PAN + "F").encode())


@pytest.fixture
def full(tmp_path):
    """The file of a ledger with a card in every kind of row, and its URL."""
    ledger = Ledger(f"sqlite:///{tmp_path / 'city.db'}", key=KEY)
    number = bytes.fromhex(PAN + "f")
    kinds = [record.APPROVED, record.PENDING, record.DEBITED_REFUSED, record.REFUSED]
    items = [
        (n, packed(kind=kind, atc=n, reason="oda_failed", gpo_answer=number, **NOON))
        for n, kind in enumerate(kinds, 1)
    ]
    ledger.commit(7, [*items, (5, packed(atc=1)), (7, b"\x09" + number)])
    Collector(ledger).answer(batch.pack_batch(7, [(1, packed(atc=1, driver=9))]))
    ledger.close()
    return tmp_path / "city.db"


def run(*arguments, key=KEY):
    env = environment()
    env.pop(VARIABLE, None)
    if key:
        env[VARIABLE] = key.hex()
    return subprocess.run(
        command("ledger", *arguments), capture_output=True, env=env, timeout=60, check=False
    )


def test_no_file_of_the_ledger_holds_a_card_number(full):
    everything = b"".join(path.read_bytes() for path in full.parent.iterdir())
    assert b"622848*********0123" in everything
    for clear in CLEAR:
        assert clear not in everything


def answered(full, *arguments):
    """What a command says, in this process: (exit status, bytes)."""
    arguments = [*map(str, arguments), "--database", str(full)]
    done = CliRunner().invoke(ledger_command, arguments, env={VARIABLE: KEY.hex()})
    return done.exit_code, done.output_bytes


ANSWERS = [
    ["list"], ["list", "--json"], ["card", PAN], ["totals"], ["days"], ["settle", DAY],
    ["settle", DAY, "--by", "line", "--csv", "-"], ["late", DAY], ["gaps"], ["pending"],
    ["pending", "--csv", "-"], ["repeats", "--json"], ["dispute", "0123", DAY],
    ["proposals"], ["quarantine"], ["refusals"], ["terminals"], ["shifts", DAY],
    ["terminals", "--terminal", "7"], ["report", DAY, "--all"], ["parking", DAY],
    ["parking", DAY, "--stays"], ["parking", "--open"], ["transfers", DAY],
]  # fmt: skip


def test_no_answer_and_no_export_holds_a_card_number(full):
    shown = 0
    for answer in ANSWERS:
        status, said = answered(full, *answer)
        assert status == 0, (answer, said)
        for clear in CLEAR:
            assert clear not in said, answer
        shown += b"622848*********0123" in said
    assert shown >= 6


def test_whole_numbers_come_only_where_the_command_says_so(full):
    assert PAN.encode() in answered(full, "proposals", "--numbers", "--least", "1")[1]


def test_another_key_or_none_opens_nothing(full):
    for key, words in ((None, b"another key"), (bytes(32), b"another key")):
        done = run("totals", "--database", full, key=key)
        assert done.returncode == 2 and words in done.stderr and b"Traceback" not in done.stderr
    with pytest.raises(FormatError):
        Ledger(f"sqlite:///{full}", key=LABORATORY)


def test_without_a_key_no_new_ledger_is_made(tmp_path):
    env = environment()
    env.pop(VARIABLE, None)
    collect = command("collect", "--tcp", "127.0.0.1:0", "--database", tmp_path / "new.db")
    done = subprocess.run(
        collect, capture_output=True, text=True, env=env, timeout=60, check=False
    )
    assert done.returncode == 2 and "faretap ledger key" in done.stderr
    assert "--simulated" in done.stderr and not (tmp_path / "new.db").exists()


def test_a_sealed_record_opens_in_its_own_row_alone():
    vault = Vault(KEY)
    sealed = vault.seal(7, 1, b"record")
    assert vault.open(7, 1, sealed) == b"record" and vault.seal(7, 1, b"record") == sealed
    bent = bytes([sealed[0] ^ 1]) + sealed[1:]
    for place in ((7, 2, sealed), (8, 1, sealed), (7, 1, bent), (7, 1, sealed[:5])):
        with pytest.raises(FormatError):
            vault.open(*place)
    assert vault.open(7, 1, vault.seal(7, 1, b"")) == b""
    assert vault.card(PAN) != Vault(bytes(32)).card(PAN)


def test_a_key_is_64_hex_digits():
    assert key_from({}) is None and key_from({VARIABLE: " "}) is None
    assert len(key_from({VARIABLE: new_key()})) == 32 and new_key() != new_key()
    for wrong in ("00", "zz" * 32, new_key() + "0"):
        with pytest.raises(FormatError):
            key_from({VARIABLE: wrong})


def test_a_csv_file_computes_nothing_in_a_spreadsheet(full, tmp_path):
    assert answered(full, "enrol", "7", "--operator", "=1+1")[0] == 0
    assert answered(full, "settle", DAY, "--csv", tmp_path / "out.csv")[0] == 0
    rows = (tmp_path / "out.csv").read_text().splitlines()
    assert rows[0].startswith("operator,sales,sales_fen") and rows[1].startswith("'=1+1,1,200")
    assert json.loads(answered(full, "terminals", "--json")[1])["operator"] == "=1+1"
