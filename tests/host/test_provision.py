# SPDX-License-Identifier: Apache-2.0
"""`faretap provision`: what is made starts a terminal, what would not start one is not made."""

import os
import stat

import pytest
from click.testing import CliRunner

from firmware import settings
from firmware.errors import FormatError
from host_tools import sealing
from host_tools.cli.provision import command
from host_tools.flash.boards import BOARDS, board_named, of_machine
from host_tools.ledger import Ledger, keys, registry
from host_tools.ledger.vault import LABORATORY
from host_tools.provision import folder as folders
from host_tools.provision.unit import SETTINGS, secrets_of
from host_tools.signing import make_sm2_key
from sim.parameter_file import parameter_text
from sim.wallet import Wallet


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A parameter file with the keys of simulated cards."""
    folder = tmp_path_factory.mktemp("fleet")
    text = parameter_text(Wallet.create(folder / "wallet").parameters(), 200)
    (folder / "parameters.txt").write_text(text)
    return folder / "parameters.txt"


def provision(*arguments):
    """(exit status, what was said, the FormatError or None)."""
    done = CliRunner().invoke(command, list(map(str, arguments)))
    if isinstance(done.exception, FormatError):
        return 2, str(done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def one(folder, plain, *more, terminal=7, board="pico"):
    given = ("--board", board, "--terminal", terminal, "--parameters", plain)
    return provision(folder / str(terminal), *given, *more)


def key_of(folder):
    return secrets_of((folder / SETTINGS).read_text())["upload_key"]


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_a_unit_of_every_board_is_what_its_firmware_parses(board, tmp_path, plain):
    status, said = one(tmp_path, plain, "--link", "tcp:10.0.0.1:4755", board=board.name)
    assert status == 0, said
    unit = settings.parse((tmp_path / "7" / SETTINGS).read_text())
    assert (unit.terminal, unit.device, unit.link) == (7, "bus", ("tcp", "10.0.0.1:4755"))
    wired = dict(board.defaults)
    assert ":".join(unit.reader) == wired["reader"]
    assert folders.read(tmp_path / "7").board == board.name
    assert bytes.fromhex(unit.more["upload_key"]) and unit.more["upload_key"] not in said
    for path in (tmp_path / "7").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE((tmp_path / "7").stat().st_mode) == 0o700


def test_a_folder_is_made_anew_only_when_told_and_keeps_its_keys(tmp_path, plain):
    assert one(tmp_path, plain)[0] == 0
    key = key_of(tmp_path / "7")
    status, said = one(tmp_path, plain)
    assert status == 2 and "--again" in said
    assert one(tmp_path, plain, "--again", "--set", "vehicle=12")[0] == 0
    assert key_of(tmp_path / "7") == key
    assert "vehicle: 12\n" in (tmp_path / "7" / SETTINGS).read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["7"]
    (tmp_path / "7/notes.odt").write_text("a person's")
    assert "notes.odt" in one(tmp_path, plain, "--again")[1]


REFUSED = (
    (("--set", "fare=3"), "no setting is called `fare`"),
    (("--set", "reader=serial:/dev/ttyS0"), "not for a Raspberry Pi Pico"),
    (("--set", "journal=file:day.bin"), "not for a Raspberry Pi Pico"),
    (("--set", "reader_baud=7"), "reader_baud"),
    (("--set", "terminal_id=ABC"), "8 letters or digits"),
    (("--set", "upload_key=0011"), "`upload_key` is not 64 hex digits"),
    (("--set", "journal_key=0011"), "`journal_key` has 16 to 64 bytes"),
    (("--set", "upload_mac=crc"), "`upload_mac` is"),
    (("--set", "line=1\nservice: free"), "a line of at most"),
    (("--set", "parameters=x.txt"), "--file parameters=PATH"),
    (("--device", "taxi"), "`meter` is missing"),
    (("--link", "tcp:10.0.0.1"), "ADDRESS:PORT"),
    (("--file", "fares={plain}"), "fares: "),
    (("--file", "deny_list={plain}"), "deny_list: "),
    (("--link", "tls:a:1", "--file", "link_ca={plain}"), "no certificate in PEM"),
    (("--file", "menu={plain}"), "names no file"),
    (("--authority", "{plain}"), "no `authority:` line"),
)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case[1])
def test_what_no_terminal_would_start_with_is_not_made(case, tmp_path, plain):
    status, said = one(tmp_path, plain, *(text.format(plain=plain) for text in case[0]))
    assert status == 2 and case[1] in said, said
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_device_is_named_with_those_there_are(tmp_path, plain):
    status, said = one(tmp_path, plain, "--device", "tram")
    assert status == 2 and "inspector" in said


def test_sealed_parameters_count_and_those_of_another_do_not(tmp_path, plain):
    """QT-012: whose seal counts stands in the unit's settings."""
    mine, other = (sealing.make_key(tmp_path / name, b"") for name in ("mine.pem", "other.pem"))
    for name, key in (("mine", mine), ("other", other)):
        (tmp_path / f"{name}.txt").write_text(sealing.sealed(plain.read_text(), key))
    sm2 = make_sm2_key(tmp_path / "sm2.key")
    public = f"authority: {sealing.modulus_of(mine).hex()}\n{sm2.setting}\n"
    (tmp_path / "authority.txt").write_text(public)
    trusting = ("--authority", tmp_path / "authority.txt")
    assert one(tmp_path / "a", tmp_path / "mine.txt", *trusting)[0] == 0
    unit = settings.parse((tmp_path / "a/7" / SETTINGS).read_text())
    assert unit.authority == sealing.modulus_of(mine) and len(unit.authority_sm2) == 64
    for refused in (tmp_path / "other.txt", plain):
        status, said = one(tmp_path / "b", refused, *trusting)
        assert status == 2 and "seal" in said


def test_the_key_goes_into_the_ledger_and_the_number_is_taken_then(tmp_path, plain):
    database = ("--database", tmp_path / "city.db", "--simulated", "--operator", "North")
    assert one(tmp_path / "a", plain, *database)[0] == 0
    ledger = Ledger(f"sqlite:///{tmp_path}/city.db", LABORATORY)
    assert [one.terminal for one in registry.terminals(ledger)] == [7]
    (row,) = keys.listed(ledger)
    ledger.close()
    assert (row.terminal, row.mac) == (7, "hmac-sha256")
    status, said = one(tmp_path / "b", plain, *database)
    assert status == 2 and "terminal 7 is taken" in said
    assert not (tmp_path / "b/7").exists() and list((tmp_path / "b").iterdir()) == []
    assert one(tmp_path / "a", plain, "--again", *database)[0] == 0  # its own key, no other
    status, said = one(tmp_path / "a", plain, terminal=8)
    assert status == 0
    status, said = provision(tmp_path / "a/nine", "--board", "pico", "--terminal", 8,
                             "--parameters", plain)  # fmt: skip
    assert status == 2 and "terminal 8 is taken" in said


def test_keys_that_the_ledger_drew_are_taken(tmp_path, plain):
    drawn = tmp_path / "keys.txt"
    drawn.write_text(f"# head\n\n# terminal 7, key 2026-01\nupload_key: {'ab' * 32}\n")
    assert one(tmp_path / "a", plain, "--upload-keys", drawn)[0] == 0
    assert key_of(tmp_path / "a/7") == "ab" * 32
    status, said = one(tmp_path / "a", plain, "--upload-keys", drawn, terminal=8)
    assert status == 2 and "terminal 8 has no key" in said


def test_a_table_makes_many_or_none(tmp_path, plain):
    table, units = tmp_path / "fleet.csv", tmp_path / "units"
    given = (units, "--csv", table, "--board", "pico", "--parameters", plain)
    table.write_text("terminal,board,line,vehicle\n7,,42,1\n8,pico_w,43,2\n9,,,\n")
    status, said = provision(*given)
    assert status == 0 and sorted(os.listdir(units)) == ["7", "8", "9"], said
    assert folders.read(units / "8").board == "pico_w"
    assert "line: 43\n" in (units / "8" / SETTINGS).read_text()
    assert len({key_of(units / name) for name in ("7", "9")}) == 2
    for text, said in (
        ("terminal,line\n17,1\n17,2\n", "taken by line 2"),
        ("terminal,line\n17,1\n18,99999\n", "fleet.csv:3: "),
        ("terminal,colour\n17,red\n", "no setting is called `colour`"),
        ("terminal,line\n17\n", "cells"),
        ("line\n17\n", "`terminal` among them"),
        ("terminal,board\n17,arduino\n", "arduino is no board"),
        ("terminal\n" + "9" * 4000 + "\n", "not a number"),
        ("\x00\xff", "CSV"),
    ):
        table.write_bytes(text.encode("latin-1"))
        assert said in provision(*given)[1]
        assert sorted(os.listdir(units)) == ["7", "8", "9"]


def test_a_folder_that_was_changed_is_no_unit(tmp_path, plain):
    assert one(tmp_path, plain)[0] == 0
    settings_file = tmp_path / "7" / SETTINGS
    settings_file.write_text(settings_file.read_text().replace("terminal: 7", "terminal: 8"))
    with pytest.raises(FormatError, match="not what was provisioned"):
        folders.read(tmp_path / "7")
    (tmp_path / "7/unit.json").write_text("[" * 5000)
    with pytest.raises(FormatError, match="missing or damaged"):
        folders.read(tmp_path / "7")


def test_boards_are_known_by_what_they_call_themselves():
    for machine, name in (
        ("Raspberry Pi Pico with RP2040", "pico"),
        ("Raspberry Pi Pico with faretap with RP2040", "pico"),
        ("Raspberry Pi Pico W with RP2040", "pico_w"),
        ("Raspberry Pi Pico 2 with RP2350", "pico2"),
        ("Raspberry Pi Pico 2 W with RP2350", "pico2_w"),
        ("Generic ESP32S3 module with ESP32S3", "esp32_s3"),
        ("Generic ESP32S3 module with Octal-SPIRAM with ESP32S3", "esp32_s3"),
    ):
        assert of_machine(machine) == board_named(name)
    for strange in ("Some Pico with RP2040", "ESP32 module with ESP32", "", "linux"):
        assert of_machine(strange) is None
