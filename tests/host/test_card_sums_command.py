# SPDX-License-Identifier: Apache-2.0
"""From the ledger into the terminal: what cards have paid, each sale once."""

from datetime import date

import pytest
from click.testing import CliRunner

from firmware.errors import FormatError
from firmware.fares.card_sums import CardSums
from firmware.fares.paid import key_of
from firmware.formats import record, signed
from host_tools import card_sums, sealing, signing
from host_tools.cli.parameters import command
from host_tools.ledger import Ledger
from tests.fares import sums_file

PAN, OTHER = "6228480000000000123", "6228480000009876"
DAY = date(2026, 11, 25)  # a Wednesday


def sold(number, fen, pan=PAN, day="261125", psn=0, kind=record.APPROVED, trade=2):
    values = record.blank(kind)
    values["pan"] = record.pan_bytes(pan)
    values["psn"], values["atc"], values["tc"] = psn, number, number.to_bytes(8, "big")
    values["amount_fen"], values["date"], values["time_utc_s"] = fen, day, 1773000000 + number
    values["trade"] = trade
    return record.pack(values)


@pytest.fixture
def ledger(tmp_path):
    made = Ledger("sqlite:///%s" % (tmp_path / "city.db"))
    yield made
    made.close()


def test_sums_should_be_of_day_week_and_month(ledger):
    """Sales that count and no others; a card is its number and its sequence number."""
    ledger.commit(7, [
        (1, sold(1, 100)), (2, sold(2, 20, day="261123")), (3, sold(3, 3, day="261122")),
        (4, sold(4, 5000, day="261031")), (5, sold(5, 9, kind=record.PENDING)),
        (6, sold(1, 100)), (7, b""), (8, sold(8, 40, psn=1)), (9, sold(9, 1, OTHER, "261101")),
    ])  # fmt: skip
    ledger.commit(8, [(1, sold(10, 7)), (2, sold(11, 1000, trade=4))])
    told = card_sums.collected(ledger, DAY)
    assert told.cut_offs == {7: 9, 8: 2}
    assert told.cards == {
        key_of(PAN, 0): (1107, 1127, 1130),
        key_of(PAN, 1): (40, 40, 40),
        key_of(OTHER, 0): (0, 0, 1),
    }
    assert card_sums.collected(ledger, DAY, [2]).cards[key_of(PAN, 0)] == (107, 127, 130)


def test_week_over_a_month_end_should_count(ledger):
    """TD-009: Monday 30 November, asked on Wednesday 2 December; a clock that ran ahead too."""
    ledger.commit(7, [(1, sold(1, 100, day="261130")), (2, sold(2, 5, day="270105"))])
    told = card_sums.collected(ledger, date(2026, 12, 2))
    assert told.cards == {key_of(PAN, 0): (5, 105, 5)}


def test_what_is_stored_meanwhile_should_be_in_neither(ledger, monkeypatch):
    """A sale behind the cut-off is the terminal's to add."""
    ledger.commit(7, [(1, sold(1, 100))])
    cut = card_sums._cut_offs

    def raced(one):
        found = cut(one)
        ledger.commit(7, [(2, sold(2, 30))])
        return found

    monkeypatch.setattr(card_sums, "_cut_offs", raced)
    told = card_sums.collected(ledger, DAY)
    assert (told.cut_offs, told.cards) == ({7: 1}, {key_of(PAN, 0): (100, 100, 100)})


def test_file_should_be_what_the_page_says():
    cards = {key_of("62284800%08d" % n, n % 2): (n, 2 * n, 3 * n) for n in range(1, 1000)}
    made = card_sums.build(card_sums.Told(DAY, cards, {7: 12, 3: 4}))
    day = 9825
    assert made == sums_file.payload(cards.items(), [(3, 4), (7, 12)], day, made[3])
    known = CardSums(signing.Bytes(made))
    assert known.bits == 6 and known.of("6228480000000999") == [(1, (999, 1998, 2997))]
    for _ in known.checked():
        pass


def test_command_should_write_what_a_terminal_takes(tmp_path, ledger):
    ledger.commit(7, [(1, sold(1, 100)), (2, sold(2, 50, OTHER))])
    key, file = tmp_path / "key.pem", tmp_path / "sums.bin"
    sealing.make_key(key, b"")
    words = [
        "sums", "-o", file, "--number", 4, "--key", key, "--database", tmp_path / "city.db",
        "--day", "2026-11-25",
    ]  # fmt: skip
    done = CliRunner().invoke(command, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    assert "version 4, 2026-11-25, 2 cards, 1 terminals" in done.output
    head, payload = signed.opened(
        signing.Bytes(file.read_bytes()), signing.load_signer(key).authority, (signed.CARD_SUMS,)
    )
    known = CardSums(payload)
    assert (head.number, known.cut_off(7), known.of(PAN)) == (4, 2, [(0, (100, 100, 100))])
    asked = CliRunner().invoke(command, ["paid", str(file), PAN, "--terminal", "7"])
    assert asked.output == (
        "version 4, sums of 2026-11-25\nPSN 0: day 1.00, week 1.00, month 1.00\n"
        "terminal 7: up to record 2\n"
    )
    asked = CliRunner().invoke(command, ["paid", str(file), "62284800000011"])
    assert "nothing paid that is known" in asked.output
    file.write_bytes(file.read_bytes()[:-1])
    asked = CliRunner().invoke(command, ["paid", str(file), PAN])
    assert isinstance(asked.exception, FormatError) and "sums.bin" in str(asked.exception)
