# SPDX-License-Identifier: Apache-2.0
"""`faretap card`: cards are made, loaded, listed and shown; nothing is lost on the way."""

import contextlib
import io
import json
import os
import signal
import subprocess
import time
from types import SimpleNamespace

import pytest

from firmware.errors import FormatError
from host_tools import module_file
from host_tools.cli import main
from sim.capp_profile import VERSIONS
from sim.card import Card
from sim.kinds import ALL_KINDS, KINDS
from sim.profile import Profile, changed
from sim.wallet import Wallet, in_use
from tests.host.card_reading import gpo_of, ok, pay, select
from tests.host.console import command, environment


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A wallet of two cards for the tests that change what they want of it."""
    return Wallet.create(tmp_path_factory.mktemp("cards") / "wallet", KINDS[:2]).folder


def faretap(*arguments):
    """As console.faretap, in this process: there are many, and each start takes half a second."""
    out, err, status = io.StringIO(), io.StringIO(), 0
    before = signal.getsignal(signal.SIGTERM)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main.main([str(one) for one in arguments])
    except SystemExit as end:
        status = end.code or 0
    finally:
        signal.signal(signal.SIGTERM, before)
    return SimpleNamespace(returncode=status, stdout=out.getvalue(), stderr=err.getvalue())


def card(*arguments, wallet):
    return faretap("card", arguments[0], "--wallet", wallet, *arguments[1:])


def refused(done, *words):
    """One sentence, status 2, no traceback, and the words that help."""
    assert done.returncode == 2 and "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


# --- new ----------------------------------------------------------------------------------------


def test_new_should_make_a_wallet_and_never_a_second_one(tmp_path):
    home = tmp_path / "w"
    done = card("new", wallet=home)
    assert done.returncode == 0 and f"{len(KINDS)} cards" in done.stdout
    before = {path.name: path.read_bytes() for path in home.iterdir()}
    refused(card("new", wallet=home), "already holds a wallet")
    assert {path.name: path.read_bytes() for path in home.iterdir()} == before
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")
    refused(card("new", wallet=tmp_path / "other"), "already holds files")
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["notes.txt"]


def test_new_should_give_a_card_records_of_its_trades(folder):
    done = card(
        "new", "rider", "--capp", "metro", "--capp", "bike", "--capp", "rides", "--r-mac",
        "--offset-fen", "4000", "--mac", "sm4", wallet=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    own = Wallet(folder).card("rider").image["extended"]
    assert (own["df61"], own["offset_limit_fen"], own["cipher"]) == ("82", 4000, "sm4")
    assert [row[1][:4] for row in own["records"]] == ["0221", "0226"] and own["ring"]["kept"] == 10
    shown = card("show", "rider", wallet=folder).stdout
    for words in ("DF61 82, with R-MAC, keys of sm4", "file 15 record 0221", "offset up to 40.00"):
        assert words in shown
    assert own["records"][0][2] not in shown  # no key is shown
    done = card("new", "union", "--capp", "bus", "--profile", "t-union", wallet=folder)
    assert done.returncode == 0, done.stderr
    assert Wallet(folder).card("union").image["extended"]["records"][0][:1] == ["1A"]
    for wrong, words in (
        (("--capp", "tram"), ("no trade 'tram'", "metro")),
        (("--capp", "toll", "--profile", "t-union"), ("no trade 'toll'",)),
        (("--capp", "bus", "--capp", "bus"), ("each once",)),
        (("--r-mac",), ("say a trade too",)),
    ):
        refused(card("new", "wrong", *wrong, wallet=folder), *words)


def test_keys_and_trades_should_be_told_as_cards_have_them():
    trades, keys = faretap("card", "trades").stdout, faretap("card", "keys").stdout
    assert "28/02" in trades and "t-union" in trades and "10 x 48" in trades
    rows = module_file.read_plain(keys, "keys")
    assert len(rows) == len(VERSIONS) and {row.kind for row in rows} == {"3des"}
    assert {
        row.kind
        for row in module_file.read_plain(faretap("card", "keys", "--mac", "sm4").stdout, "keys")
    } == {"sm4"}


def test_new_with_a_name_should_add_a_card_as_it_was_asked(folder):
    done = card(
        "new", "mine", "--kind", "student", "--suite", "both", "--balance-fen", "1234",
        "--expiry", "301231", "--set", "shape=four_files", "--set", "ceiling_fen=none",
        "--set", "log=no", "--set", "unreadable=9F79,9f5d", wallet=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made = Wallet(folder).card("mine")
    assert made.pan.startswith("62280002") and made.balance_fen == 1234
    assert made.suites == ("rsa", "sm2") and len(made.afl) == 16
    own = made.image["internal_data"]
    assert "9F77" not in own and "9F4F" not in own
    assert made.image["unreadable"] == ["9F79", "9F5D"]


def test_new_with_a_name_should_make_the_wallet_that_is_missing(tmp_path):
    home = tmp_path / "w"
    assert card("new", "only", "--bits", "1984", wallet=home).returncode == 0
    wallet = Wallet(home)
    assert [entry.name for entry in wallet.entries] == ["only"]
    assert wallet.card("only").key.length == 248


# arguments, words of the refusal
WRONG = (
    (("new", "--kind", "sm2"), "NAME"),
    (("new", "x", "--all-kinds"), "leave NAME out"),
    (("new", "adult-1"), "is in the wallet"),
    (("new", "../x"), "names no card"),
    (("new", "wallet"), "names no card"),
    (("new", "x", "--kind", "gold"), "card kinds"),
    (("new", "x", "--bits", "504"), "504"),
    (("new", "x", "--bits", "1030"), "multiple of 16"),
    (("new", "x", "--balance-fen", "-1"), "-1"),
    (("new", "x", "--expiry", "311299x"), "expiry"),
    (("new", "x", "--set", "shape=round"), "shape"),
    (("new", "x", "--set", "colour=red"), "no field 'colour'"),
    (("new", "x", "--set", "busy_ms=1"), "no field 'busy_ms'"),
    (("new", "x", "--set", "log"), "FIELD=VALUE"),
    (("new", "x", "--set", "log=true"), "yes nor no"),
    (("new", "x", "--set", "atc=1e3"), "not a number"),
    (("new", "x", "--set", "atc=65536"), "65535"),
    (("load", "adult-1", "10"), "10.00 or 1000fen"),
    (("load", "adult-1", "10.0"), "10.00 or 1000fen"),
    (("load", "adult-1", "10,00"), "10.00 or 1000fen"),
    (("load", "adult-1", "1e3fen"), "10.00 or 1000fen"),
    (("load", "adult-1", "٣fen"), "10.00 or 1000fen"),
    (("load", "adult-1", "0.00"), "nothing"),
    (("load", "adult-1", "0fen"), "nothing"),
    (("load", "adult-1", "900.01"), "at most"),
    (("load", "adult-1", "1.00", "--second"), "no second currency"),
    (("load", "nobody", "1.00"), "no card is called"),
    (("show", "nobody"), "no card is called"),
)


@pytest.mark.parametrize("arguments, word", WRONG, ids=[" ".join(one[0]) for one in WRONG])
def test_what_cannot_be_should_be_refused_in_a_sentence(folder, arguments, word):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    refused(card(*arguments, wallet=folder), word)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("arguments", (("list",), ("show", "x"), ("load", "x", "1.00")))
def test_a_folder_without_a_wallet_should_be_said_so(tmp_path, arguments):
    refused(card(*arguments, wallet=tmp_path / "none"), "no wallet here")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("after_s", (0.2, 0.5, 0.7, 0.9, 1.1, 1.5))
def test_a_card_new_that_is_killed_should_leave_nothing_or_a_whole_wallet(tmp_path, after_s):
    home = tmp_path / "w"
    process = subprocess.Popen(command("card", "new", "--wallet", home), env=environment())
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not home.exists() or len(Wallet(home).cards()) == len(KINDS)
    assert card("new", "mine", wallet=home).returncode == 0  # what is left hinders nobody
    assert [path.name for path in tmp_path.iterdir()] == ["w"]  # and is gone


def test_a_card_new_that_fails_should_leave_no_trace(tmp_path):
    def kinds():
        yield KINDS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Wallet.create(tmp_path / "w", kinds())
    assert list(tmp_path.iterdir()) == []


def test_two_at_once_should_not_make_the_same_wallet(tmp_path):
    (tmp_path / ".w.making").mkdir()
    with in_use(tmp_path / ".w.making"), pytest.raises(FormatError, match="in use"):
        Wallet.create(tmp_path / "w", KINDS[:1])
    assert not (tmp_path / "w").exists()


def test_a_wallet_may_take_the_place_of_an_empty_folder(tmp_path):
    (tmp_path / "w").mkdir()
    assert len(Wallet.create(tmp_path / "w", KINDS[:1]).entries) == 1


# --- load, list, show ---------------------------------------------------------------------------


def test_load_should_add_money_and_log_it(tmp_path):
    home = Wallet.create(tmp_path / "w", KINDS[:1]).folder
    assert "added, balance 110.50" in card("load", "adult-1", "10.50", wallet=home).stdout
    assert "balance 112.00, ATC 2" in card("load", "adult-1", "150fen", wallet=home).stdout
    assert Wallet(home).card("adult-1").balance_fen == 11200
    shown = card("show", "adult-1", wallet=home).stdout
    assert "9F79 000000011200" in shown and "was 000000011050" in shown


def test_load_should_settle_a_torn_debit_first(tmp_path):
    home = Wallet.create(tmp_path / "w", KINDS[:1]).folder
    torn = Wallet(home).card("adult-1")
    torn.power_up()
    select(torn)
    ok(torn.exchange(gpo_of(torn, 300)))
    listed = card("list", wallet=home).stdout
    assert "97.00 *" in listed and "open debit" in listed
    done = card("load", "adult-1", "1.00", wallet=home)
    assert "taken back" in done.stdout and "balance 101.00" in done.stdout


def test_load_should_go_up_to_the_ceiling_and_no_further(tmp_path):
    home = Wallet.create(tmp_path / "w", KINDS[:1]).folder
    refused(card("load", "adult-1", "900.01", wallet=home), "90000")
    assert "balance 1000.00" in card("load", "adult-1", "900.00", wallet=home).stdout
    refused(card("load", "adult-1", "1fen", wallet=home), "at most 0")


def test_load_in_the_second_currency_should_leave_the_first(tmp_path):
    wallet = Wallet.create(tmp_path / "w", [one for one in ALL_KINDS if one.name == "hong-kong"])
    done = card("load", "hong-kong", "5.00", "--second", wallet=wallet.folder)
    assert "balance 105.00" in done.stdout
    two = wallet.card("hong-kong")
    assert (two.balance_fen, two.second_fen) == (10000, 10500)


def test_cards_in_use_should_be_left_alone(tmp_path):
    """Who serves a card writes its file anew: what came between would be lost."""
    home = Wallet.create(tmp_path / "w", KINDS[:1]).folder
    with in_use(home):
        for arguments in (("load", "adult-1", "1.00"), ("new", "more")):
            refused(card(*arguments, wallet=home), "in use")
        refused(faretap("pn532", "--card", home / "adult-1.json"), "in use")
        assert card("show", "adult-1", wallet=home).returncode == 0
    assert card("load", "adult-1", "1.00", wallet=home).returncode == 0
    assert [entry.name for entry in Wallet(home).entries] == ["adult-1"]


def test_show_should_tell_all_that_decides(tmp_path):
    wanted = ("adult-1", "second-currency", "ctta", "both-suites", "new-card")
    home = Wallet.create(tmp_path / "w", [one for one in ALL_KINDS if one.name in wanted]).folder
    for name, words in (
        ("adult-1", ("RSA key of 1024 bits", "ceiling: 1000.00", "low value", "sales are logged")),
        ("second-currency", ("currency 0344", "balance in the second currency 100.00")),
        ("ctta", ("allowance (CTTA) up to 50.00, used 0.00", "low value and CTTA")),
        ("both-suites", ("RSA key", "SM2 key", "sm2: AIP 7C00")),
        ("new-card", ("a new card", "new card declines offline")),
    ):
        text = card("show", name, wallet=home).stdout
        assert all(word in text for word in words), text
        assert Wallet(home).card(name).pan not in text  # masked, always


def test_show_should_list_sales_newest_first(tmp_path):
    home = Wallet.create(tmp_path / "w", KINDS[:1]).folder
    one = Wallet(home).card("adult-1")
    pay(one, 200)
    pay(one, 300)
    lines = card("show", "adult-1", wallet=home).stdout.splitlines()
    logged = [line for line in lines if "9F02" in line]
    assert len(logged) == 2 and "9F02 000000000300" in logged[0] and "9F36 0002" in logged[0]
    assert "  ATC 1: 2.00 final" in lines and "balance 95.00 (currency 0156)" in lines


def test_kinds_should_list_every_kind_with_its_end():
    text = faretap("card", "kinds").stdout
    for one in ALL_KINDS:
        assert one.name in text and one.reason in text


def test_every_card_of_the_wallet_should_stand_in_a_file_that_loads(folder):
    for entry in Wallet(folder).entries:
        assert Card.load(folder / entry.file).pan == entry.pan
    assert not [name for name in os.listdir(folder) if name.endswith(".new")]
    assert json.loads((folder / "wallet.json").read_text())["format"] == 2


def test_profile_fields_should_be_read_strictly():
    assert changed(Profile(), {"atc": "5", "ctq": "none", "log": "no"}) == Profile(
        atc=5, ctq=None, log=False
    )
    for wrong in ({"atc": "٣"}, {"psn": "none"}, {"second": "none"}, {"options": "80"}):
        with pytest.raises(ValueError):
            changed(Profile(), wrong)
