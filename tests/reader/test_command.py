# SPDX-License-Identifier: Apache-2.0
"""One command and its answer: ACK limit, late and foreign answers, NACK, silence, spare."""

from firmware.errors import ChipError, FormatError, LinkLost
from firmware.reader.bus import Hsu
from firmware.reader.frame import ACK, ERROR, NACK, encode
from firmware.reader.pn532 import Pn532
from tests.reader.scripted import Line, Script, call, chip_on, from_chip, to_chip

VERSION = to_chip("02")
ANSWER = from_chip("0332010607")
GOOD = call("02", "0332010607")
ABORT = (ACK, [])


def version(chip, spare=None):
    return chip.command(0x02, b"", 50, spare).hex()


def code_of(action):
    """The code of the ChipError that `action` ends in."""
    try:
        action()
    except ChipError as error:
        return error.code
    raise AssertionError("no error")


def test_command_should_be_one_write_and_return_the_data():
    chip, line, _ = chip_on(GOOD)
    assert version(chip) == "32010607"
    assert line.writes == [bytes.fromhex("0000ff02fed4022a00")]  # PD-17


def test_command_should_not_care_how_the_answer_arrives():
    wire = ACK + ANSWER
    for cut in range(1, len(wire)):
        chip, _, _ = chip_on((VERSION, [(2, wire[:cut]), (5, wire[cut:])]))
        assert version(chip) == "32010607"  # PD-03
    chip, _, _ = chip_on((VERSION, [(0.1, bytes((one,))) for one in wire]))
    assert version(chip) == "32010607"


def test_command_should_find_the_answer_behind_noise():
    for noise in (
        b"\x00" * 16,
        b"\x55\x55\x00",
        b"\xff",
        b"\x00\xff\x00\x00",
        b"\x00\xff\x07\xaa",
    ):
        chip, _, _ = chip_on((VERSION, [(1, noise + ACK + noise + ANSWER)]))
        assert version(chip) == "32010607"  # PD-02
    chip, _, _ = chip_on((VERSION, [(1, ACK[:-1] + ANSWER[1:-1])]), GOOD)
    assert version(chip) == "32010607"
    assert version(chip) == "32010607"


def test_ack_should_be_waited_for_20_ms_at_least():
    for delay_ms in (15, 16, 20, 29):
        chip, _, _ = chip_on((VERSION, [(delay_ms, ACK), (0, ANSWER)]))
        assert version(chip) == "32010607"  # PD-06


def test_missing_ack_should_end_in_time_and_spare_the_next_command():
    chip, line, script = chip_on((VERSION, []), ABORT, GOOD)
    begin_us = line.clock.now_us
    assert code_of(lambda: version(chip)) == -1
    assert line.clock.now_us - begin_us < 50000  # PD-06
    assert version(chip) == "32010607"
    assert not script.steps


def test_ack_limit_should_leave_time_for_a_long_command_to_go_out():
    # 264 + 10 bytes at 9600 baud are 285 ms on the line
    long = encode(b"\xd4\x00" + bytes(262))
    line = Line(Script((long, [(300, ACK), (0, from_chip("01" + "00" * 262))])), 9600)
    chip = Pn532(Hsu(line, line.clock, 9600), line.clock)
    assert chip.command(0x00, bytes(262), 50) == bytes(262)


def test_answers_to_others_should_be_dropped():
    stale = from_chip("0332010699")
    for before in (stale, from_chip("4100"), encode(b"\xd4\x03"), encode(b"\xd5"), NACK):
        chip, _, _ = chip_on((VERSION, [(1, before + ACK + ANSWER)]))
        assert version(chip) == "32010607"  # PD-08: an answer counts only behind its ACK
    for between in (from_chip("4100"), encode(b"\xd4\x03"), encode(b"\xd5"), NACK, ACK):
        chip, _, _ = chip_on((VERSION, [(1, ACK + between + ANSWER)]))
        assert version(chip) == "32010607"


def test_late_answer_should_not_be_taken_for_the_next():
    late = from_chip("0332010699")
    chip, _, _ = chip_on((VERSION, [(1, ACK)]), (ACK, [(1, late[:7]), (2, late[7:])]), GOOD)
    assert code_of(lambda: version(chip)) == -1
    assert version(chip) == "32010607"  # PD-08, PD-10
    chip, _, _ = chip_on((VERSION, [(1, ACK)]), ABORT, (VERSION, [(1, late + ACK + ANSWER)]))
    assert code_of(lambda: version(chip)) == -1
    assert version(chip) == "32010607"


def test_error_frame_should_be_7f():
    for reply in (ACK + ERROR, ERROR):
        chip, _, _ = chip_on((VERSION, [(1, reply)]), GOOD)
        assert code_of(lambda: version(chip)) == 0x7F  # PD-09  # noqa: B023
        assert version(chip) == "32010607"


def test_wrong_dcs_should_be_asked_for_once_more():
    wrong = ANSWER[:-2] + bytes((ANSWER[-2] ^ 1, 0))
    chip, line, script = chip_on((VERSION, [(1, ACK + wrong)]), (NACK, [(1, ANSWER)]), GOOD)
    assert version(chip) == "32010607"
    assert line.writes == [VERSION, NACK]  # PD-07: the command went out once
    assert version(chip) == "32010607"
    assert not script.steps


def test_answer_damaged_twice_should_be_an_error():
    wrong = ANSWER[:-2] + bytes((ANSWER[-2] ^ 1, 0))
    chip, _, script = chip_on((VERSION, [(1, ACK + wrong)]), (NACK, [(1, wrong)]), ABORT, GOOD)
    assert code_of(lambda: version(chip)) == -1
    assert version(chip) == "32010607"
    assert not script.steps


def test_half_an_answer_should_be_asked_for_again():
    for cut in range(6, len(ANSWER) - 2):
        chip, _, script = chip_on((VERSION, [(1, ACK + ANSWER[:cut])]), (NACK, [(1, ANSWER)]))
        assert version(chip) == "32010607"
        assert not script.steps


def test_half_a_frame_and_silence_should_cost_one_exchange():
    for cut in range(1, len(ANSWER) - 2):
        reply = [(1, ACK + ANSWER[:cut])]
        chip, line, script = chip_on((VERSION, reply), (NACK, []), ABORT, GOOD)
        if cut < 3:  # no start code: silence, not a damaged answer
            script.steps.pop(1)
        begin_us = line.clock.now_us
        assert code_of(lambda: version(chip)) == -1  # noqa: B023
        assert line.clock.now_us - begin_us < 300000
        assert version(chip) == "32010607"  # PD-10
        assert not script.steps


def test_half_an_old_answer_should_not_swallow_the_ack_behind_it():
    """PD-10: it costs the command it belongs to, and not the next one as well."""
    for cut in range(3, len(ANSWER) - 1):
        chip, _, script = chip_on((VERSION, [(1, ANSWER[:cut] + ACK + ANSWER)]))
        assert version(chip) == "32010607", cut
        assert not script.steps


def test_line_that_babbles_should_not_hold_the_reader():
    """PD-10: bytes without end, and frames without end, all of them somebody else's."""

    class Babble(Line):
        def read(self, count, timeout_ms):
            self.clock.now_us += 11 * count
            self.given = getattr(self, "given", 0) + count
            assert self.given < 200000, "no end"
            kept = self.endless[self.given % len(self.endless) :] + self.endless * count
            return kept[:count]

    other = from_chip("4b00")
    for endless in (b"\x55", b"\x00", ANSWER, other, ACK, ACK + other, ACK + b"\x00\xff\x09"):
        line = Babble(lambda data, baud: [])
        line.endless = endless
        chip = Pn532(Hsu(line, line.clock), line.clock)
        begin_us = line.clock.now_us
        assert code_of(lambda: version(chip)) == -1  # noqa: B023
        assert line.clock.now_us - begin_us < 300000
        assert not chip.recover()


def test_silence_should_abort_and_drain():
    chip, line, script = chip_on((VERSION, [(1, ACK)]), (ACK, [(1, b"\x12" * 40)]), GOOD)
    assert code_of(lambda: version(chip)) == -1
    assert line.writes == [VERSION, ACK]  # PD-10
    assert line.read(1, 100) == b""  # what still came was thrown away
    assert version(chip) == "32010607"
    assert not script.steps


def test_answer_that_began_in_time_should_be_read_to_its_end():
    chip, _, _ = chip_on((VERSION, [(1, ACK), (49, ANSWER[:6]), (40, ANSWER[6:])]))
    assert version(chip) == "32010607"


def test_too_long_a_command_should_be_refused_before_anything_is_written():
    chip, line, _ = chip_on()
    try:
        chip.command(0x00, bytes(264), 50)
    except FormatError:
        assert line.writes == []  # PD-01
    else:
        raise AssertionError("no error")


def test_spare_should_run_only_between_sending_and_receiving():
    seen = []
    pieces = [(3, ACK), (20, ANSWER[:6]), (5, ANSWER[6:])]
    chip, line, _ = chip_on((VERSION, pieces))
    begin_us = line.clock.now_us

    def spare():
        seen.append((line.clock.now_us - begin_us) // 1000)
        line.clock.pass_ms(4)
        return True

    assert version(chip, spare) == "32010607"  # PD-28
    assert seen == [3, 7, 11, 15, 19]  # behind the ACK, not once a byte of the answer is there


def test_answer_should_be_intact_when_spare_takes_longer_than_the_limit():
    chip, line, _ = chip_on((VERSION, [(1, ACK), (20, ANSWER)]))

    def spare():
        line.clock.pass_ms(500)
        return True

    assert version(chip, spare) == "32010607"  # PD-28, PD-29


def test_spare_that_is_done_should_not_be_asked_again():
    for slices in range(4):
        chip, _, _ = chip_on((VERSION, [(1, ACK), (20, ANSWER)]))
        left = list(range(slices))

        def spare(left=left):
            if not left:
                left.append("done")
                return False
            assert left != ["done"]
            left.pop()
            return True

        assert version(chip, spare) == "32010607"
        assert left == ["done"]


def test_endless_spare_should_not_outlast_the_limit():
    chip, line, _ = chip_on((VERSION, [(1, ACK)]), ABORT)
    begin_us = line.clock.now_us

    def spare():
        line.clock.pass_ms(3)
        return True

    assert code_of(lambda: version(chip, spare)) == -1
    assert line.clock.now_us - begin_us < 75000


def test_lost_line_should_be_link_lost_and_not_a_chip_error():
    class Gone:
        def write(self, data):
            raise LinkLost("unplugged")

        def read(self, count, timeout_ms):
            raise LinkLost("unplugged")

    line = Line(Script())
    chip = Pn532(Hsu(Gone(), line.clock), line.clock)
    try:
        version(chip)
    except LinkLost as error:
        assert not isinstance(error, ChipError)
    else:
        raise AssertionError("no error")
    assert not chip.recover()


def test_trace_should_see_every_frame_with_its_time():
    seen = []
    line = Line(Script(GOOD))
    begin_us = line.clock.ticks_us()
    chip = Pn532(Hsu(line, line.clock), line.clock, trace=lambda *entry: seen.append(entry))
    version(chip)
    assert seen == [
        (">", VERSION, begin_us),
        ("<", ACK, begin_us + 1000),
        ("<", ANSWER, begin_us + 1000),
    ]
