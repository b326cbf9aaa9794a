# SPDX-License-Identifier: Apache-2.0
"""`faretap inspect`: a card on the virtual PN532, the inspector as a process of its own."""

import json

import pytest

from firmware.capp import layouts
from host_tools.cli.inspect import lines
from sim.capp_profile import Extension
from sim.card import Card
from sim.chip import Chip
from sim.field import Field
from sim.profile import Second
from sim.serve import PtyServer
from sim.timing import Timing
from tests.host.card_reading import gpo, image, last_of, own_card, select
from tests.host.console import RUNTIMES, faretap, started, stopped

PAN = "6228000100000010"


def paid(path, *amounts, **profile):
    """A card in a file that has paid these amounts, the last one newest."""
    card = own_card(path, **profile)
    for amount_fen in amounts:
        select(card)
        assert card.exchange(gpo(amount_fen))[-2:] == b"\x90\x00"
        card.exchange(last_of(card))
    card.save()
    return card


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_card_should_be_shown_as_it_is(runtime, tmp_path):
    """QT-267, QT-268, QT-270, QT-273, QT-275, QT-277: the card's own data, the number masked."""
    path = tmp_path / "card.json"
    card = paid(path, 200, 150, second=Second(balance_fen=2500))
    card.top_up(5000, terminal={"9A": "261120"})
    before = path.read_text()
    done = faretap("inspect", "--card", path, "--json", "--runtime", runtime)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert (told["outcome"], told["card"]) == ("read", "622800******0010")
    assert told["balances"] == [
        {"currency": 156, "amount_fen": 10000 - 350 + 5000},
        {"currency": 344, "amount_fen": 2500},
    ]
    day = {"date": "2026-11-21", "currency": 156}
    assert told["payments"] == [{**day, "amount_fen": fen} for fen in (150, 200)]
    assert told["loads"] == [{"date": "2026-11-20", "currency": 156, "amount_fen": 5000}]
    assert PAN not in done.stdout + done.stderr
    assert path.read_text() == before, "the card was changed"


def test_card_should_be_shown_to_people(tmp_path):
    """QT-275: date, currency and amount, a line each."""
    path = tmp_path / "card.json"
    paid(path, 200)
    done = faretap("inspect", "--card", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "622800******0010",
        "balance     CNY 98.00",
        "2026-11-21  paid    CNY 2.00",
        "loaded: nothing in the log",
    ]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_blocked_application_should_show_its_logs(runtime, tmp_path):
    """QT-278."""
    path = tmp_path / "card.json"
    card = paid(path, 200)
    card.image = {**card.image, "oddities": {"blocked": "application"}}
    card.save()
    done = faretap("inspect", "--card", path, "--runtime", runtime)
    assert done.returncode == 0 and "application blocked" in done.stdout
    assert "2026-11-21  paid    CNY 2.00" in done.stdout


def remember(card, trade, profile="own", **fields):
    """A record of a card as a terminal would have written it."""
    sfi, area_id, _, layout = layouts.PROFILES[profile][trade]
    for row in card.state["extended"]["records"]:
        if row[0] == f"{sfi:02X}" and row[1].startswith(area_id.hex().upper()):
            row[1] = layouts.write(layout, bytes.fromhex(row[1]), fields).hex().upper()
            return
    raise AssertionError(f"no record of {trade}")


BEGUN = {"state": 1, "entry_time": (2026, 11, 21, 7, 5, 0), "entry_place": 31, "entry_gate": 7}


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_records_of_the_extended_application_should_be_shown(runtime, tmp_path):
    """QX-008, QX-009, QX-056: frozen sums, open trips and passes, with R-MACs that nobody checks
    here; hostile records are refused by name. No GPO, nothing is changed.
    """
    path = tmp_path / "card.json"
    trades = ("bike", "metro", "toll", "pass", "rides")
    card = own_card(path, extended=Extension(trades, r_mac=True))
    remember(card, "bike", frozen_fen=3000, **BEGUN)
    remember(card, "metro", entry_line=2, **BEGUN)
    remember(card, "toll", **BEGUN | {"entry_time": (2026, 2, 30, 7, 5, 0)})
    days = {"from_day": 20261101, "until_day": 20261130}
    remember(card, "pass", pass_kind=layouts.RIDES, rides=10, used=7, **days)
    card.save()
    before = path.read_text()
    done = faretap("inspect", "--card", path, "--runtime", runtime)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[1:6] == [
        "balance     CNY 100.00",
        "frozen      CNY 30.00 by bike, since 2026-11-21 07:05, place 31; not in the balance",
        "open        metro, since 2026-11-21 07:05, line 2, place 31",
        "refused     toll: a moment that does not exist",
        "pass        pass, 3 of 10 rides left, 2026-11-01 to 2026-11-30",
    ]
    assert path.read_text() == before, "the card was changed"


def test_records_of_t_union_and_of_a_plain_card_should_be_told_apart(tmp_path):
    """A card without the application has none; T-Union's bus record names the profile."""
    union, plain = tmp_path / "union.json", tmp_path / "plain.json"
    card = own_card(union, extended=Extension(("bus", "rides"), layout="t-union"))
    remember(card, "bus", "t-union", entry_line=5, **BEGUN)
    card.save()
    own_card(plain).save()
    (told,) = [json.loads(faretap("inspect", "--card", union, "--json").stdout)["records"]]
    assert told == [
        {"record": "bus", "state": "open", "since": "2026-11-21 07:05", "line": 5, "place": 31,
         "terminal": 7}
    ]  # fmt: skip
    assert json.loads(faretap("inspect", "--card", plain, "--json").stdout)["records"] is None


def test_card_that_cannot_be_read_should_be_said(tmp_path):
    """QT-271: status 1, and why."""
    for name, profile, words in (
        ("hidden", {"unreadable": ("9F79",)}, "no balance"),
        ("foreign", {"aid": "A0000000031010"}, "no application is known here"),
        ("locked", {"blocked": "card"}, "SW 6A81"),
    ):
        path = tmp_path / (name + ".json")
        Card(image(**profile), path=path).save()
        done = faretap("inspect", "--card", path)
        assert done.returncode == 1 and "card not accepted: " in done.stdout
        assert words in done.stdout, done.stdout


def test_missing_card_or_reader_should_end_it(tmp_path):
    path = tmp_path / "card.json"
    Card(image(kind="B", uid="A1B2C3D4"), path=path).save()
    assert faretap("inspect", "--card", path, "--wait", 20).returncode == 0
    assert faretap("inspect").returncode == 2
    assert faretap("inspect", "--card", path, "--reader", "serial:/dev/null").returncode == 2
    done = faretap("inspect", "--reader", f"serial:{tmp_path}/none")
    assert done.returncode == 2 and "Traceback" not in done.stderr


def test_cards_should_be_shown_one_after_the_other_on_a_reader(tmp_path):
    """QT-276: the second output knows nothing of the first card."""
    field = Field()
    with PtyServer(Chip(field, Timing.none())) as server:
        options = ("--reader", f"serial:{server.path}", "--all", "--json")
        process = started("inspect", *options)
        told = []
        for pan, balance_fen in ((PAN, 700), ("6228000200000010", 900)):
            field.place(Card(image(pan, balance_fen=balance_fen)))
            told.append(json.loads(process.stdout.readline()))
            field.remove()
        rest, _ = stopped(process)
    assert [one["card"] for one in told] == ["622800******0010"] * 2 and rest == ""
    assert [one["balances"][0]["amount_fen"] for one in told] == [700, 900]


def test_words_should_name_what_is_not_there():
    told = {"outcome": "read", "card": "--", "detail": "", "balances": []}
    told.update(payments=None, loads=[])
    assert lines(told) == [
        "--",
        "paid: the card keeps no log",
        "loaded: nothing in the log",
    ]
