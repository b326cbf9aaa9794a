# SPDX-License-Identifier: Apache-2.0
"""The inspector: shows what a card holds, sells nothing, forgets it (qpboc.md N)."""

from firmware.devices import inspector
from firmware.errors import LinkLost
from firmware.kernel import apdu, bcd, dol, selection, tags, tlv
from tests.full_card import LOG_FORMAT, FullCard
from tests.small_card import AID
from tests.stand import HandClock, HandReader

AIDS = (selection.ListedAid(bytes.fromhex("A0000003330101"), True),)
PAN = "6228000100000010"


def logged(amount_fen, date="261121"):
    values = {tags.AMOUNT: bcd.from_int(amount_fen, 6), tags.CURRENCY: b"\x01\x56"}
    values[tags.DATE] = bytes.fromhex(date)
    return dol.fill(dol.parse(LOG_FORMAT), values)


def card_with(*amounts):
    """A card that has paid these amounts, newest first."""
    card = FullCard()
    card.logs = True
    card.log = [logged(one) for one in amounts]
    track = tlv.build(0x70, tlv.build(0x57, card.track)) + b"\x90\x00"
    free = apdu.read_record(1, 1)
    card.edit = lambda command, answer: track if command == free else answer
    return card


class Desk:
    """An inspector on a desk; `log` is what was seen and heard, `events` what was reported."""

    def __init__(self):
        self.clock, self.reader = HandClock(), HandReader()
        self.log, self.events = [], []
        parts = inspector.Parts(self.reader, self.clock, self, self.events.append)
        self.device = inspector.Inspector(parts, AIDS)
        self.device.start()

    def lamp(self, colour):
        self.log.append(colour)

    def beep(self, kind):
        self.log.append(kind)

    def show(self, line1, line2):
        self.log.append((line1, line2))

    def voice(self, number):
        """No lines."""

    def lines(self):
        """The two lines that stand now."""
        return [one for one in self.log if isinstance(one, tuple)][-1]

    def turns(self, count=1, seconds=0):
        for _ in range(count):
            self.device.turn()
            self.clock.advance(seconds)

    def take_away(self):
        self.reader.field = []
        self.turns(inspector.SILENT_POLLS)

    def enquiry(self):
        return [one for one in self.events if one["event"] == "enquiry"][-1]


def test_card_should_be_read_without_a_gpo():
    """QT-267, QT-270: balance and payments, the number masked."""
    desk, card = Desk(), card_with(200, 150)
    desk.reader.field = [card]
    assert desk.device.turn() is True
    assert card.asked(apdu.INS_GPO) == 0 and card.atc == 4 and card.balance_fen == 10000
    told = desk.enquiry()
    assert (told["outcome"], told["card"], told["detail"]) == ("read", "622800******0010", "")
    assert told["balances"] == [{"currency": 156, "amount_fen": 10000}]
    assert told["payments"] == [
        {"date": "2026-11-21", "currency": 156, "amount_fen": fen} for fen in (200, 150)
    ]
    assert told["loads"] is None and told["exchanges"] == len(card.sent)
    assert "green" in desk.log and "ok" in desk.log


def test_pages_should_hold_date_currency_and_amount_alone():
    """QT-275, QT-277: as the card has them; nothing of status or counters."""
    desk, card = Desk(), card_with(200, 12345)
    desk.reader.field = [card]
    desk.turns()
    seen = [desk.lines()]
    for _ in range(4):
        desk.turns(seconds=inspector.PAGE_S)
        if desk.lines() != seen[-1]:
            seen.append(desk.lines())
    assert seen == [
        ("余额 CNY 100.00", "622800******0010"),
        ("消费 CNY 2.00", "2026-11-21"),
        ("消费 CNY 123.45", "2026-11-21"),
    ]


def test_money_should_be_written_by_its_currency():
    """QT-268: 156 is CNY; others of two decimals are known, the rest stands as it is written."""
    for currency, fen, wanted in (
        (156, 10000, "CNY 100.00"),
        (344, 5, "HKD 0.05"),
        (446, 0, "MOP 0.00"),
        (156, -150, "CNY -1.50"),
        (392, 1234, "392 1234"),
        (0, 7, "000 7"),
    ):
        assert inspector.money(currency, fen) == wanted


def test_blocked_card_should_be_said_to_be_blocked():
    """QT-278."""
    desk, card = Desk(), card_with(200)
    inner = card.edit

    def edit(command, answer):
        answer = inner(command, answer)
        return answer[:-2] + b"\x62\x83" if command == apdu.select(AID) else answer

    card.edit = edit
    desk.reader.field = [card]
    desk.turns()
    assert desk.lines() == ("应用已锁", "Application blocked")
    assert desk.enquiry()["detail"] == "blocked" and len(desk.enquiry()["payments"]) == 1


def test_field_should_be_off_when_the_card_has_been_read():
    """QT-269: on again only for a look whether it is still there."""
    desk = Desk()
    desk.reader.field = [card_with(200)]
    desk.turns()
    assert desk.reader.powered is False
    desk.turns(3)
    assert desk.reader.powered is False
    asked = len(desk.reader.field[0].sent)
    desk.turns(5)
    assert len(desk.reader.field[0].sent) == asked  # no command to it any more


def test_nothing_should_be_kept_or_shown_of_a_card_that_has_left():
    """QT-276: in memory and on the screen."""
    desk = Desk()
    desk.reader.field = [card_with(200, 150)]
    desk.turns(2, inspector.PAGE_S)
    desk.take_away()
    assert desk.log[-3] == ("", "") and desk.lines() == ("请放卡查询", "Hold card to read")
    assert desk.log[-1] == "blue" and desk.events[-1] == {"event": "ready"}
    device = desk.device
    names = [name for name in dir(device) if name[:2] != "__" and name != "parts"]
    held = repr([getattr(device, name) for name in names])
    assert "last_card" in names and "pages" in names
    for trace in (PAN, "0010", "100.00", "2.00", "2026"):
        assert trace not in held, held


def test_card_should_have_left_when_three_looks_in_a_row_were_in_vain():
    """QT-276; the field is on for each look, and for no longer."""
    desk, card = Desk(), card_with(200)
    desk.reader.field = [card]
    desk.turns()
    power, looks = [], []
    desk.reader.power = power.append
    inner = desk.reader.find
    desk.reader.find = lambda ms: looks.append((ms, power[-1])) or inner(ms)
    for there in (False, False, True, False, False):
        desk.reader.field = [card] if there else []
        assert desk.device.turn() is False
        assert desk.device.pages is not None
    assert looks == [(inspector.REMOVAL_MS, True)] * 5 and power == [True, False] * 5
    desk.reader.field = []
    desk.turns()
    assert desk.device.pages is None
    desk.turns()
    assert looks[-1] == (inspector.FIND_MS, True)


def test_pages_should_turn_in_time():
    desk = Desk()
    desk.reader.field = [card_with(200, 150)]
    desk.turns()
    shown = desk.lines()
    desk.clock.ms += inspector.PAGE_S * 1000 - 1
    desk.turns()
    assert desk.lines() == shown
    desk.clock.ms += 1
    desk.turns()
    assert desk.lines() == ("消费 CNY 2.00", "2026-11-21")


def test_loads_should_be_shown_and_what_has_no_date():
    """QT-273, QT-275."""
    desk, card = Desk(), card_with()
    card.loads = [
        tags.EC_BALANCE.to_bytes(2, "big") + bcd.from_int(5000, 6) + bcd.from_int(10000, 6)
    ]
    card.loads[0] += bytes(30)
    desk.reader.field = [card]
    desk.turns()
    assert desk.enquiry()["loads"] == [{"date": "--", "currency": 156, "amount_fen": 5000}]
    desk.turns(2, inspector.PAGE_S)
    assert desk.lines() == ("充值 CNY 50.00", "--")


def test_numbers_of_odd_length_should_be_masked_too():
    for pan, wanted in (
        ("622800010000001", "622800*****0001"),
        ("6228000100000010123", "622800*********0123"),
        ("", "--"),
    ):
        assert inspector.masked(pan) == wanted


def test_trace_should_report_each_exchange_where_it_is_asked_for():
    for trace in ("no", "yes", "full"):
        desk, card = Desk(), card_with(200)
        desk.device = inspector.Inspector(desk.device.parts, AIDS, trace)
        desk.reader.field = [card]
        desk.turns()
        told = [one for one in desk.events if one["event"] == "apdu"]
        assert len(told) == (len(card.sent) if trace != "no" else 0)
        said = "".join(one["command"] + one["answer"] for one in told)
        assert (PAN in said) is (trace == "full")  # QT-033: masked unless asked otherwise


def test_nothing_should_be_shown_for_ever():
    """QT-276: a card that is left lying is not read again, and not shown for longer."""
    desk = Desk()
    desk.reader.field = [card_with(200)]
    desk.turns()
    asked = len(desk.reader.field[0].sent)
    desk.turns(inspector.LONGEST_S + 1, 1)
    assert desk.lines() == ("", "")
    desk.turns(10, 10)
    assert len(desk.reader.field[0].sent) == asked and desk.lines() == ("", "")
    desk.take_away()
    assert desk.lines()[1] == "Hold card to read"


def test_next_card_should_be_read_when_the_first_has_just_gone():
    desk = Desk()
    other = FullCard("6228000100000028")
    desk.reader.field = [card_with(200)]
    desk.turns()
    desk.reader.field = [other]
    desk.turns(2)
    assert desk.enquiry()["balances"] == [{"currency": 156, "amount_fen": 10000}]
    assert desk.enquiry()["card"] == "--" and desk.enquiry()["payments"] is None


def test_card_that_cannot_be_read_should_be_said_once():
    """QT-271: not accepted, until it is taken away."""
    desk, card = Desk(), FullCard()
    card.hides = (tags.EC_BALANCE,)
    desk.reader.field = [card]
    desk.turns(4)
    assert desk.lines() == ("不能查询此卡", "Card not accepted") and "red" in desk.log
    told = [one for one in desk.events if one["event"] == "enquiry"]
    assert told == [{"event": "enquiry", "outcome": "not_accepted", "detail": "no balance"}]
    assert desk.reader.powered is False


def test_card_that_is_taken_away_too_early_should_be_asked_for_again():
    desk, card = Desk(), card_with(200)
    card.tear = (apdu.INS_GET_DATA, 0, False)
    desk.reader.field = [card]
    desk.turns()
    assert desk.lines()[1] == "Tap again, not charged"
    assert desk.enquiry()["outcome"] == "card_lost" and "torn" in desk.enquiry()["detail"]
    desk.turns()
    assert desk.enquiry()["outcome"] == "read"


def test_two_cards_should_be_read_one_by_one():
    desk = Desk()
    cards = [card_with(200), FullCard("6228000100000028")]
    desk.reader.field = list(cards)
    desk.turns(3)
    assert desk.lines()[1] == "One card only" and not cards[0].sent + cards[1].sent
    desk.take_away()
    desk.reader.field = cards[:1]
    desk.turns()
    assert desk.enquiry()["outcome"] == "read"


def test_lost_reader_should_be_healed_or_said():
    desk = Desk()
    desk.reader.failures = 1
    desk.turns()
    assert desk.lines()[1] == "Hold card to read" and desk.reader.recoveries == 1
    desk.reader.failures, desk.reader.heals = 99, False
    desk.turns(3)
    assert desk.lines()[1] == "Reader out of order" and desk.reader.recoveries == 2
    desk.clock.advance(1)
    desk.reader.failures, desk.reader.heals = 0, True
    desk.reader.field = [card_with(200)]
    desk.turns()
    assert desk.enquiry()["outcome"] == "read"
    lost = [one for one in desk.events if one["event"] == "reader"]
    assert lost == 2 * [{"event": "reader", "text": "the chip is silent"}]  # once each


def test_stop_should_switch_the_field_off():
    desk = Desk()
    desk.reader.field = [card_with(200)]
    desk.turns()
    desk.device.stop()
    desk.turns()
    assert desk.device.closed and desk.reader.powered is False
    assert desk.lines()[1] == "Out of service: closed"


def test_line_that_dies_while_the_field_is_switched_should_not_end_it():
    desk, power = Desk(), []

    def failing(on):
        power.append(on)
        if not on:
            raise LinkLost("the line is gone")

    desk.reader.power = failing
    desk.reader.field = [card_with(200)]
    desk.turns()
    assert power == [True, False] and desk.device.pages is None
