# SPDX-License-Identifier: Apache-2.0
"""Subscribing cards: APPEND RECORD byte by byte, torn, answered with lies, and what a gate makes
of the new record. QX-069, QX-070.
"""

import json

import pytest

from firmware.capp import layouts
from firmware.drive import drive
from firmware.errors import FormatError, LinkLost
from firmware.hal.ciphers_cpython import CIPHERS
from firmware.kernel.selection import ListedAid
from host_tools import module_file
from host_tools.cli.issue import issued, order_of
from host_tools.issue import readers, subscribe
from host_tools.issue.keys import IssuingKeys
from host_tools.issue.subscribe import Order, Result
from sim.beside_metro_card import stamp_of
from sim.capp_profile import known_key_rows, opening_key_rows
from sim.chip import Chip
from sim.field import Field
from sim.serve import PtyServer
from sim.timing import Timing
from sim.wallet import Wallet
from tests.host.capp_reading import extended_card, key_of, retail_mac
from tests.host.console import faretap
from tests.host.record_torn import new_card
from tests.host.test_metro_torn import Gate

AIDS = (ListedAid(bytes.fromhex("A0000003330101"), True),)
RECORD = layouts.issued("own", "metro")
METRO = Order(0x15, RECORD, (0x28, 2))
RING = Order(0x1E, bytes(48), (0x28, 1))


def rows(cipher="3des"):
    return [*known_key_rows(cipher), *opening_key_rows(cipher)]


def keys_of(cipher="3des", left_out=""):
    text = "\n".join(one for one in rows(cipher) if not left_out or not one.startswith(left_out))
    return IssuingKeys(module_file.read_plain(text, "rows"), CIPHERS)


class Watched:
    """A card whose commands are noted; `lost`: INS whose answer is lost, `acted` behind it or
    before; `lies`: {INS: answer in place of the card's}.
    """

    def __init__(self, card, lost=None, acted=True, lies=None):
        self.card, self.lost, self.acted, self.lies = card, lost, acted, lies or {}
        self.sent = []

    def exchange(self, command, spare=None):
        self.sent.append(bytes(command))
        if command[1] == self.lost:
            if self.acted:
                self.card.exchange(command)
            raise LinkLost("torn")
        if command[1] in self.lies:
            return self.lies[command[1]]
        return self.card.exchange(command)


def issue(card, order=METRO, keys=None, draw=lambda: bytes(range(8)), **how):
    watched = Watched(card, **how)
    keys = keys or keys_of(card.image["extended"]["cipher"])
    return drive(subscribe.subscribe(order, keys, AIDS, draw), watched.exchange), watched


def settled(card, pan=None):
    card.power_up()
    cipher = card.image["extended"]["cipher"]
    draw = bytes(8)
    steps = subscribe.settle(METRO, keys_of(cipher), AIDS, lambda: draw, pan or card.pan)
    return drive(steps, card.exchange)


def holds(card):
    return [data for sfi, data, _ in card.state["extended"]["records"] if sfi == "15"]


@pytest.mark.parametrize("r_mac", [False, True])
@pytest.mark.parametrize("cipher", ["3des", "sm4"])
def test_a_card_should_be_subscribed_and_pay_at_a_gate(cipher, r_mac):
    """QX-069: the record and its key are there; entry and exit work by them."""
    sm4 = cipher == "sm4"
    card = extended_card("bus", cipher=cipher, r_mac=r_mac) if sm4 else new_card(r_mac, "bus")
    done, watched = issue(card)
    assert (done.state, done.word, done.pan) == ("done", "", card.pan)
    assert holds(card) == [RECORD.hex().upper()] and card.balance_fen == 10000
    assert [one[:2].hex() for one in watched.sent].count("04e2") == 1
    assert not [one for one in watched.sent if one[1] == 0xA8]  # no GPO
    if not sm4:
        card.power_up()
        assert Gate("entry", 1, 0).tap(card)["message"] == "entered"
        assert Gate("exit", 3, 30).tap(card)["outcome"] == "approved"
        assert (stamp_of(card)["state"], card.balance_fen) == (layouts.CLOSED, 9600)


def test_append_record_should_be_as_the_standard_has_it():
    """QX-069: header, encrypted key, record, MAC over the ATC; written once more here."""
    card = extended_card("bus", profile={"atc": 0x1234})
    _, watched = issue(card)
    (sent,) = [one for one in watched.sent if one[:2] == b"\x04\xe2"]
    assert sent[:5] == bytes((0x04, 0xE2, 0, 0x15 << 3, 16 + len(RECORD) + 4))
    opening = bytes.fromhex(card.capp.own["files"]["15"]["opening"])
    hidden, record, mac = sent[5:21], sent[21:-4], sent[-4:]
    assert record == RECORD and mac == retail_mac(opening, bytes.fromhex("0000000000001234"),
                                                  sent[:-4])  # fmt: skip
    plain = b"".join(CIPHERS["3des"].decrypt(opening, hidden[at : at + 8]) for at in (0, 8))
    assert plain == key_of(card, "metro")
    four = issue(extended_card("bus"), METRO._replace(header=4))[0]
    assert (four.state, four.word) == ("refused", "mac")  # a card of the other reading


def test_the_cyclic_file_should_be_opened_by_its_first_record():
    card = extended_card("metro")
    assert issue(card, RING)[0].state == "done"
    assert card.state["extended"]["ring"]["records"] == [bytes(48).hex()]
    card.power_up()
    assert issue(card, RING)[0].state == "there"


def test_a_second_time_should_write_nothing():
    card = new_card(False, "bus")
    for wanted in ("done", "there"):
        card.power_up()
        said, watched = issue(card)
        assert said.state == wanted
    assert not [one for one in watched.sent if one[1] == 0xE2] and len(holds(card)) == 1
    assert Gate("entry", 1, 0).tap(card)["message"] == "entered"  # used meanwhile
    card.power_up()
    assert issue(card)[0][:2] == ("there", "another")


@pytest.mark.parametrize("r_mac", [False, True])
@pytest.mark.parametrize("acted", [False, True])
def test_a_torn_append_should_be_unknown_until_the_card_is_read(acted, r_mac):
    card = extended_card("bus", r_mac=r_mac)
    said, _ = issue(card, lost=0xE2, acted=acted)
    assert said.state == "unknown" and len(said.atc) == 2
    other = extended_card("bus")
    assert settled(other, "6228000000000000")[:2] == ("unknown", "other_card")
    found = settled(card)
    assert found[:2] == (("done", "") if acted else ("refused", "not_there"))
    assert len(holds(card)) == int(acted)
    card.power_up()
    assert issue(card)[0].state == ("there" if acted else "done")
    with pytest.raises(LinkLost):  # before anything is written there is nothing to settle
        issue(extended_card("bus", r_mac=r_mac), lost=0xCA)


@pytest.mark.parametrize(
    ("lies", "state", "word"),
    [
        ({0xE2: b"\x90\x00"}, "refused", "not_there"),  # says yes and has written nothing
        ({0xE2: b"\x6a\x84"}, "refused", "no_space"),
        ({0xE2: b"\x69\x88"}, "refused", "mac"),
        ({0xE2: b"\x12\x34"}, "refused", "sw_1234"),
        ({0xE2: b""}, "refused", "sw_0000"),
        ({0xE2: b"\x90"}, "refused", "sw_0000"),
        ({0xE2: bytes(300)}, "refused", "sw_0000"),
        ({0xCA: b"\x6a\x88"}, "refused", "atc_unread"),
        ({0xCA: bytes.fromhex("9f3601019000")}, "refused", "atc_unread"),
        ({0xB2: b"\x6a\x83"}, "refused", "number_unread"),
        ({0xB4: b"\x67\x00"}, "refused", "record_unread"),
        ({0xB4: RECORD[:9] + b"\x90\x00"}, "refused", "record_unread"),
        ({0xB4: RECORD + b"\x90\x00"}, "there", "same"),
    ],
)
def test_what_a_card_holds_should_decide_not_what_it_says(lies, state, word):
    """A hostile card is told as not subscribed, and nothing of it raises."""
    said, _ = issue(extended_card("bus"), lies=lies)
    assert said[:2] == (state, word)


def test_a_refusal_that_was_carried_out_should_be_seen():
    """The card writes and says that it did not: what it holds decides."""

    class Shy(Watched):
        def exchange(self, command, spare=None):
            answer = self.card.exchange(command)
            return b"\x6a\x84" if command[1] == 0xE2 else answer

    steps = subscribe.subscribe(METRO, keys_of(), AIDS, lambda: bytes(8))
    assert drive(steps, Shy(extended_card("bus")).exchange).state == "done"


def test_an_r_mac_under_another_key_should_be_refused():
    """A record that another key guards is not called ours."""
    card = extended_card("metro", r_mac=True)
    said, _ = issue(card, METRO._replace(key=(0x28, 3)))
    assert said[:2] == ("refused", "record_forged")


def test_a_key_that_is_not_there_should_end_before_anything_is_written():
    for left_out in ("27/15", "28/02"):
        card = extended_card("bus")
        with pytest.raises(FormatError, match="holds no key " + left_out):
            issue(card, keys=keys_of(left_out=left_out))
        assert not holds(card)
    with pytest.raises(FormatError, match="no APPEND RECORD"):
        issue(extended_card("bus"), METRO._replace(record=bytes(300)))


def test_no_key_should_be_shown():
    """QX-070: neither by an object that is printed nor by the tool's outputs."""
    kept = keys_of()
    told = repr(kept) + repr(kept.session((0x28, 2), bytes(8))) + repr(Result("done", ""))
    for row in rows():
        assert row.split()[2] not in told


def test_a_card_on_a_pn532_should_be_subscribed():
    """QX-069: through the virtual chip."""
    field, card = Field(), extended_card("bus")
    field.place(card)
    chip = PtyServer(Chip(field, Timing.none()))
    with chip, readers.opened("serial:" + chip.path) as there:
        assert issued(there, METRO, keys_of(), 5).state == "done"
    assert len(holds(card)) == 1


@pytest.mark.parametrize(("acted", "state"), [(True, "done"), (False, "refused")])
def test_a_card_that_was_lost_should_be_asked_for_again(acted, state, capsys):
    card = extended_card("bus")
    lying = [Watched(card, lost=0xE2, acted=acted), Watched(card, lost=0xB4), Watched(card)]

    class There:
        """Each time the card is laid on; at last nobody comes."""

        def found(self, seconds):
            card.power_up()
            return lying.pop(0) if lying else None

    said = issued(There(), METRO, keys_of(), 5)
    assert (said.state, len(said.atc)) == (state, 2) and not lying
    assert capsys.readouterr().err.count("UNKNOWN") == 2
    assert issued(There(), METRO, keys_of(), 5) is None
    lying = [Watched(extended_card("bus"), lost=0xE2)]
    assert issued(There(), METRO, keys_of(), 5).state == "unknown"


@pytest.mark.parametrize(("acted", "state"), [(True, "done"), (False, "refused")])
def test_ctrl_c_behind_append_should_not_hide_what_the_card_holds(acted, state):
    """Pressed while APPEND RECORD is out: the card that still lies there is asked. Pressed again,
    while nobody lies there: unknown, exit status 3, and not the 1 of a card that holds nothing.
    """
    card = extended_card("bus")

    class Pressed(Watched):
        def exchange(self, command, spare=None):
            try:
                return super().exchange(command, spare)
            except LinkLost:
                raise KeyboardInterrupt from None

    class There:
        def __init__(self, *laid_on):
            self.laid_on = list(laid_on)

        def found(self, seconds):
            card.power_up()
            if not self.laid_on:
                raise KeyboardInterrupt
            return self.laid_on.pop(0)

    field = There(Pressed(card, lost=0xE2, acted=acted), Watched(card))
    assert issued(field, METRO, keys_of(), 5).state == state
    field = There(Pressed(extended_card("bus"), lost=0xE2))
    assert issued(field, METRO, keys_of(), 5).state == "unknown"
    field = There(Pressed(extended_card("bus"), lost=0xCA))
    with pytest.raises(LinkLost, match="nothing was written: Ctrl-C"):
        issued(field, METRO, keys_of(), 5)


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"fields": ("locked=1",)}, "say NAME=NUMBER, of pass: city, operator"),  # of the head
        ({"fields": ("last_time=20261121",)}, "say NAME=NUMBER"),  # a moment
        ({"fields": ("rides",)}, "say NAME=NUMBER"),
        ({"fields": ("rides=-1",)}, "say NAME=NUMBER"),
        ({"fields": ("rides=70000",)}, "is not a number from 0 to 65535"),
        ({"key": "28"}, "USE/VERSION in hex"),
        ({"area_id": "02 "}, "two bytes"),
        ({"area_id": "xx"}, "--id is hex"),
        ({"psn": "²²"}, "two digits"),
    ],
)
def test_terms_that_are_none_should_be_a_sentence_before_a_card_is_looked_for(terms, said):
    known = {"key": None, "area_id": "", "fields": (), "psn": "01", "header_bytes": "5"}
    assert order_of("pass", **known).sfi == 0x1B
    with pytest.raises(FormatError, match=said):
        order_of("pass", **{**known, **terms})


def test_a_reader_that_is_none_should_be_a_sentence():
    for text in ("", "serial:", "usb:1"):
        with pytest.raises(FormatError, match="--reader"), readers.opened(text):
            pass


def test_the_command_should_subscribe_a_card_of_a_wallet(tmp_path):
    """QX-069, QX-070: from keys in a sealed file to the card; the second time there is nothing to
    do, another secret opens nothing, and neither output nor log holds a key.
    """
    wallet = tmp_path / "wallet"
    faretap("card", "new", "rider", "--wallet", str(wallet), "--capp", "bus")
    (tmp_path / "rows.txt").write_text("\n".join(rows()))
    (tmp_path / "secret.txt").write_text("a-long-enough-secret")
    sealed, log = tmp_path / "issuing.sealed", tmp_path / "issued.jsonl"
    faretap("module", "make", str(sealed), "--trade", "issuing", "--keys",
            str(tmp_path / "rows.txt"), "--secret", str(tmp_path / "secret.txt"))  # fmt: skip
    words = ["issue", "pass", "--card", str(wallet / "rider.json"), "--module", str(sealed),
             "--secret", str(tmp_path / "secret.txt"), "--log", str(log), "--field",
             "pass_kind=1", "--field", "rides=10", "--field", "price_fen=1800"]  # fmt: skip
    first, second = faretap(*words), faretap(*words)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert "pass, subscribed" in first.stdout and "nothing was written" in second.stdout
    card = Wallet(wallet).card("rider")
    (held,) = [data for sfi, data, _ in card.state["extended"]["records"] if sfi == "1B"]
    values = layouts.read(layouts.PASS, bytes.fromhex(held))
    assert (values["rides"], values["price_fen"], values["used"]) == (10, 1800, 0)
    noted = [json.loads(line) for line in log.read_text().splitlines()]
    assert [one["state"] for one in noted] == ["done", "there"] and noted[0]["key"] == "28/09"
    said = first.stdout + first.stderr + log.read_text()
    assert card.pan not in said
    derived = key_of(card, "pass").hex()
    assert not [row for row in rows() if row.split()[2] in said] and derived not in said.lower()
    words[9] = str(tmp_path / "nowhere" / "issued.jsonl")
    unwritten = faretap(*words)  # the book is looked for before the card is
    assert unwritten.returncode == 2 and "pass, " not in unwritten.stdout, unwritten
    del words[8:10]
    faretap("card", "new", "plain", "--wallet", str(wallet))
    words[3] = str(wallet / "plain.json")
    plain = faretap(*words)
    assert plain.returncode == 1 and "not subscribed (capp_absent)" in plain.stdout
