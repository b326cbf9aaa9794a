# SPDX-License-Identifier: Apache-2.0
"""Finding cards and exchanging APDUs by InDataExchange, against scripted answers."""

from firmware.errors import ChipError, FormatError, LinkLost
from firmware.reader.frame import ACK, NACK, encode
from firmware.reader.status import CARD, CHIP, codes, kind_of
from tests.reader.scripted import call, chip_on, from_chip

FOUND = call("4a0200", "4b010100042007041122334455660b788084024b4f4e411401")
TYPE_B = call("4a020300", "4b010150aabbccdd000000003381710100")
NONE_A = call("4a0200", "4b00", card_ms=5)
NONE_B = call("4a020300", "4b00", card_ms=5)
FIELD_OFF, FIELD_ON = call("320100", "33"), call("320101", "33")
RESET = (FIELD_OFF, FIELD_ON)
A_ALONE = (NONE_B, FOUND)  # how one card is found: both types have had their turn
B_ALONE = (TYPE_B, NONE_A) + RESET + (TYPE_B,)
EMPTY = (NONE_B, NONE_A)
SETTINGS = (call("1214", "13"), call("3202000b0b", "33"), call("3205000100", "33"))
ABORT = (ACK, [])
SELECT = "00a4040005a000000333"
STATUSES_CARD = (
    0x01,
    0x02,
    0x03,
    0x04,
    0x05,
    0x06,
    0x09,
    0x0A,
    0x0B,
    0x13,
    0x23,
    0x29,
    0x2A,
    0x2B,
)
STATUSES_CHIP = (0x07, 0x0D, 0x0E, 0x10, 0x12, 0x14, 0x25, 0x26, 0x27, 0x2C, 0x2D, 0x2E, 0x7F)


def card_on(*steps):
    """(Card, Line, Script) with the exchanges to come."""
    chip, line, script = chip_on(*A_ALONE, *steps)
    card = chip.find(50)[0]
    line.writes[:] = []
    return card, line, script


def apdu_step(command, *replies):
    return encode(b"\xd4\x40\x01" + command), list(replies)


def answered(r_apdu, status=0):
    return encode(b"\xd5\x41" + bytes((status,)) + r_apdu)


def test_find_should_return_the_card():
    chip, line, _ = chip_on(*A_ALONE)
    card = chip.find(50)[0]
    assert (card.kind, card.uid.hex(), card.number) == ("A", "04112233445566", 1)
    assert card.ats.hex() == "0b788084024b4f4e411401"
    assert card.sel_res == 0x20
    poll = bytes.fromhex("0000ff04fcd44a0200e000")
    assert line.writes == [NONE_B[0], poll]


def test_find_should_poll_both_types_in_turn():
    """QT-049, QT-050, QT-055: AFI 00."""
    chip, _, script = chip_on(*EMPTY, *B_ALONE, *EMPTY, *A_ALONE, *B_ALONE)
    card = chip.find(50)[0]
    assert (card.kind, card.uid.hex()) == ("B", "aabbccdd")  # PD-19
    assert chip.find(50)[0].kind == "A"
    assert chip.find(50)[0].kind == "B"
    assert not script.steps


def test_card_should_tell_when_the_look_began_that_found_it():
    for steps, empty_looks in ((EMPTY + A_ALONE, 3), (EMPTY + B_ALONE, 2)):
        chip, line, _ = chip_on(*steps)
        begin_us = line.clock.ticks_us()
        card = chip.find(50)[0]
        after_us = line.clock.ticks_diff(card.look_us, begin_us)
        assert after_us == empty_looks * 6000  # ACK after 1 ms, an empty look takes 5


def test_find_should_report_two_cards():
    two = "4b020100042007041122334455660b788084024b4f4e41140102000420040a0b0c0d0578778102"
    chip, _, script = chip_on(NONE_B, call("4a0200", two))
    assert [card.number for card in chip.find(50)] == [1, 2]  # PD-20
    assert not script.steps  # and no APDU was sent


def test_find_should_finish_the_cycle_after_a_first_hit():
    """QT-051: a card of each type; one that leaves is no card."""
    chip, _, script = chip_on(TYPE_B, FOUND)
    assert sorted([card.kind for card in chip.find(50)]) == ["A", "B"]
    assert not script.steps
    chip, _, script = chip_on(TYPE_B, NONE_A, *RESET, NONE_B, *EMPTY)
    assert chip.find(0) == [] and chip.find(0) == []
    assert not script.steps


def test_find_should_end_in_time_on_an_empty_field():
    chip, line, _ = chip_on(*EMPTY * 20)
    for timeout_ms in (0, 1, 30, 100):
        begin_us = line.clock.now_us
        assert chip.find(timeout_ms) == []
        assert line.clock.now_us - begin_us <= (timeout_ms + 20) * 1000  # PD-18


def test_find_should_end_in_time_when_the_chip_waits_for_ever():
    hung_a, hung_b = ((poll[0], [(1, ACK)]) for poll in (NONE_A, NONE_B))
    again = (ABORT,) + SETTINGS
    for timeout_ms, steps in (
        (0, (hung_b,) + again),
        (30, (NONE_B, hung_a) + again),
        (150, ((hung_b,) + again) * 2),
    ):
        chip, line, script = chip_on(*steps, *B_ALONE)
        begin_us = line.clock.now_us
        assert chip.find(timeout_ms) == []
        assert line.clock.now_us - begin_us <= (timeout_ms + 20) * 1000  # PD-18
        assert len(script.steps) == len(SETTINGS) + len(B_ALONE)
        assert chip.find(50)[0].kind == "B"  # the lost setting is sent again
        assert not script.steps


def test_field_in_which_nothing_is_found_should_be_switched_anew():
    """PD-34: chip or card may be deaf until then; each 300 ms, and only behind a power()."""
    chip, line, script = chip_on(FIELD_ON, NONE_B, NONE_A, *RESET, NONE_B, NONE_A, NONE_B, NONE_A)
    chip.power(True)
    for wait_ms in (0, 300, 200):
        line.clock.pass_ms(wait_ms)
        begin_us = line.clock.now_us
        assert chip.find(20) == []
        assert line.clock.now_us - begin_us <= 40000  # PD-18
    assert not script.steps


def test_broken_answer_to_a_poll_should_be_a_chip_error():
    for answer in ("4b", "4b01", "4b0101000420070411", "4b0001", "4b01010004200304112233"):
        chip, _, _ = chip_on(NONE_B, call("4a0200", answer))
        try:
            chip.find(50)
        except ChipError as error:
            assert error.code == -1
        else:
            raise AssertionError(answer)


def test_exchange_should_use_one_command_an_apdu():
    card, line, script = card_on(call("4001" + SELECT, "41006f009000"))
    assert card.exchange(bytes.fromhex(SELECT)).hex() == "6f009000"
    assert not script.steps
    assert len(line.writes[-1]) == 10 + len(SELECT) // 2  # PD-16: 10 + Lc there


def test_exchange_should_take_long_answers_whole():
    for count in list(range(246, 261)) + [262]:
        r_apdu = bytes([(number + count) & 0xFF for number in range(count - 2)]) + b"\x90\x00"
        wire = answered(r_apdu)
        for pieces in (
            [(0, ACK), (30, wire)],
            [(0, ACK + wire)],
            [(0, ACK + wire[:9]), (9, wire[9:])],
        ):
            card, _, script = card_on(
                apdu_step(b"\x00\xb2\x01\x0c\x00", *pieces), call("400100b2020c00", "41009000")
            )
            assert card.exchange(b"\x00\xb2\x01\x0c\x00") == r_apdu  # PD-04
            assert card.exchange(b"\x00\xb2\x02\x0c\x00") == b"\x90\x00"  # the next one works
            assert not script.steps


def test_exchange_should_send_up_to_261_bytes_in_one_command():
    for count in (4, 252, 253, 254, 261):
        command = bytes([number & 0xFF for number in range(count)])
        card, line, _ = card_on(apdu_step(command, (1, ACK), (1, answered(b"\x90\x00"))))
        assert card.exchange(command) == b"\x90\x00"  # PD-05
        assert len(line.writes[-1]) == 10 + count + (3 if count + 3 > 255 else 0)  # PD-16
    for count in (0, 262, 300):
        card, line, _ = card_on()
        try:
            card.exchange(bytes(count))
        except FormatError:
            assert line.writes == []
        else:
            raise AssertionError(count)


def test_exchange_should_join_what_the_chip_splits():
    whole = bytes([number & 0xFF for number in range(298)]) + b"\x90\x00"
    more = apdu_step(b"\x00\xc0", (1, ACK), (1, answered(whole[:200], 0x40)))
    rest = apdu_step(b"", (1, ACK), (1, answered(whole[200:])))
    card, _, script = card_on(more, rest)
    assert card.exchange(b"\x00\xc0") == whole  # PD-11
    assert not script.steps


def test_exchange_should_not_join_for_ever():
    more = apdu_step(b"", (1, ACK), (1, answered(bytes(200), 0x40)))
    card, _, _ = card_on(
        apdu_step(b"\x00\xc0", (1, ACK), (1, answered(bytes(200), 0x40))), *[more] * 30
    )
    try:
        card.exchange(b"\x00\xc0")
    except LinkLost:
        return
    raise AssertionError("no error")


def test_every_status_should_be_an_error_with_its_code():
    for status in range(1, 64):
        for bits in (0, 0x40, 0x80):
            card, _, script = card_on(
                call("4001" + SELECT, "41%02x9000" % (status | bits)), call("400100", "41009000")
            )
            try:
                card.exchange(bytes.fromhex(SELECT))
            except ChipError as error:
                assert error.code == status  # PD-09
                assert "%02X" % status in str(error)
            else:
                raise AssertionError(status)
            assert card.exchange(b"\x00") == b"\x90\x00"
            assert not script.steps


def test_statuses_should_be_of_two_kinds():
    assert sorted([code for code in codes() if code > 0]) == sorted(STATUSES_CARD + STATUSES_CHIP)
    for code in STATUSES_CARD:
        assert kind_of(code) == CARD  # PD-09
    for code in STATUSES_CHIP + (0x3E, -1):
        assert kind_of(code) == CHIP


def test_answers_without_status_word_should_be_link_lost():
    for answer in ("41", "4100", "410090"):
        card, _, _ = card_on(call("4001" + SELECT, answer))
        try:
            card.exchange(bytes.fromhex(SELECT))
        except LinkLost:
            continue
        raise AssertionError(answer)


def test_damaged_answer_should_not_reach_the_card_twice():
    wire = answered(b"\x6f\x00\x90\x00")
    wrong = wire[:-3] + b"\x01" + wire[-2:]
    step = apdu_step(b"\x00\xa4", (1, ACK), (9, wrong))
    card, line, script = card_on(step, (NACK, [(1, wire)]))
    assert card.exchange(b"\x00\xa4") == b"\x6f\x00\x90\x00"  # PD-07
    assert line.writes == [step[0], NACK]
    assert not script.steps


def test_slow_cards_should_be_waited_for():
    card, _, _ = card_on(call("4001" + SELECT, "41009000", card_ms=1500))
    assert card.exchange(bytes.fromhex(SELECT)) == b"\x90\x00"  # PD-22


def test_card_should_be_waited_for_as_long_as_the_chip_grants_it():
    """PD-22: 2 s, where FWI asks for more three times its FWT, 5 s at the most."""
    for ats, wait_ms in (
        ("0b788084024b4f4e411401", 2000), ("0578808002", 2000), ("057880c002", 4055),
        ("057880e002", 5000), ("", 2000),
    ):  # fmt: skip
        found = call("4a0200", "4b010100042007041122334455" + "66" + ats)
        chip, line, script = chip_on(NONE_B, found, apdu_step(b"\x00\xa4", (1, ACK)), ABORT)
        card = chip.find(50)[0]
        begin_us = line.clock.now_us
        try:
            card.exchange(b"\x00\xa4")
        except ChipError:
            assert abs((line.clock.now_us - begin_us) // 1000 - wait_ms) <= 10, ats
        assert not script.steps
    silent = call("4a020300", "4b010150aabbccdd0000000033" + "81" + "d1" + "0100")
    chip, line, script = chip_on(silent, NONE_A, *RESET, silent)
    assert chip.find(50)[0]._answer_ms == 5000


def test_spare_should_run_while_the_card_computes():
    slices = []
    card, line, _ = card_on(call("4001" + SELECT, "41009000", card_ms=40))

    def spare():
        slices.append(1)
        line.clock.pass_ms(8)
        return len(slices) < 3

    assert card.exchange(bytes.fromhex(SELECT), spare) == b"\x90\x00"
    assert len(slices) == 3  # PD-28


def silent_card(*steps):
    """(Card, Line, Script) whose first exchange was waited for in vain."""
    card, line, script = card_on(apdu_step(b"\x00\xa4", (1, ACK)), ABORT, *steps)
    try:
        card.exchange(b"\x00\xa4")
    except ChipError as error:
        assert error.code == -1
        return card, line, script
    raise AssertionError("no error")


def test_silent_card_should_be_aborted_and_the_next_exchange_work():
    right = answered(b"\x90\x00")
    card, line, script = silent_card(call("400100b0", "41009000"), (NACK, [(1, right)]))
    assert card.exchange(b"\x00\xb0") == b"\x90\x00"  # PD-10
    line.clock.pass_ms(8001)  # nothing that old comes
    script.steps.append(call("400100b0", "41009000"))
    assert card.exchange(b"\x00\xb0") == b"\x90\x00"
    assert not script.steps


def test_answer_that_was_given_up_should_not_pass_for_the_next():
    """PD-08: it looks like the right one and comes behind the right ACK; the card saw each once.

    Before the right one while the chip is at work, before it at rest, behind it, and alone.
    """
    old, right = answered(b"\x6f\x00\x90\x00"), answered(b"\x70\x00\x90\x00")
    cases = (
        ([(1, ACK), (1, old), (150, right)], [[]]),
        ([(1, ACK), (1, old), (50, right)], [[], [(1, right)]]),
        ([(1, ACK), (1, right)], [[(1, old), (1, right)]]),
        ([(1, ACK), (1, right), (0, old)], [[(1, right)]]),
        ([(1, ACK), (1, right)], [[(1, right), (0, old)]]),
        ([(1, old + ACK + right)], [[(1, right)]]),
    )
    for replies, repeats in cases:
        sent = apdu_step(b"\x00\xb2", *replies)
        nacks = [(NACK, reply) for reply in repeats]
        card, line, script = silent_card(sent, *nacks, call("3201" + "01", "33"))
        assert card.exchange(b"\x00\xb2") == b"\x70\x00\x90\x00", replies
        assert line.writes.count(sent[0]) == 1
        card._chip.command(0x32, b"\x01\x01", 50)
        assert not script.steps


def test_answers_without_end_should_not_be_waited_for():
    """PD-08: three different ones to one command, none of them repeated."""
    three = [(1, ACK)] + [(1, answered(bytes((0x6F, n, 0x90, 0)))) for n in range(3)]
    card, _, script = silent_card(apdu_step(b"\x00\xb2", *three), (NACK, []), ABORT)
    try:
        card.exchange(b"\x00\xb2")
    except ChipError as error:
        assert error.code == -1 and not script.steps
        return
    raise AssertionError("no error")


def test_reset_field_should_keep_the_times():
    """QT-050, QT-069: off 5.1 to 10 ms, then as long on before a poll may follow."""
    times = []
    chip, line, script = chip_on(
        (FIELD_OFF[0], [(0, ACK + from_chip("33"))]), (FIELD_ON[0], [(0, ACK + from_chip("33"))])
    )
    write = chip.bus.write

    def timed(data):
        times.append(line.clock.now_us)
        write(data)

    chip.bus.write = timed
    chip.reset_field()
    off_us, on_us = times
    assert 5100 <= on_us - off_us <= 10000  # PD-27, JR/T 0025.11
    assert line.clock.now_us - on_us >= 5100
    assert not script.steps
