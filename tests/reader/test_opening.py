# SPDX-License-Identifier: Apache-2.0
"""Opening and recovering: wake-up, the nine speeds, the raise of the speed, its failures."""

from firmware.errors import ChipError, LinkLost
from firmware.reader import opening
from firmware.reader.bus import HSU_SPEEDS, WAKE, Hsu
from firmware.reader.frame import ACK
from firmware.reader.pn532 import Pn532
from tests.reader.scripted import Chip, Line, to_chip

SAM = bytes.fromhex("0000ff05fbd4140114010200")
RAISE = to_chip("1007")


def host_on(chip, refused=(), **settings):
    """(Pn532, Line) to a Chip; `refused` are speeds the host's port does not have."""
    line = Line(chip, refused=refused)
    return Pn532(Hsu(line, line.clock), line.clock, **settings), line


def fails(action):
    try:
        action()
    except LinkLost:
        return True
    return False


def test_open_should_wake_set_up_and_go_to_the_top_speed():
    virtual = Chip()
    chip, line = host_on(virtual)
    assert chip.open() == b"\x32\x01\x06\x07"
    assert chip.version == b"\x32\x01\x06\x07"
    assert chip.baud == virtual.baud == 921600
    assert line.writes[:2] == [WAKE, SAM]  # PD-14
    assert WAKE not in line.writes[1:]
    assert virtual.codes == [0x14, 0x02, 0x12, 0x32, 0x32, 0x10, 0x00, 0x32]


def test_raise_should_go_command_ack_switch_echo():
    chip, line = host_on(Chip())
    seen = []
    speed, write = line.speed, line.write

    def noted_speed(baud):
        seen.append((baud, line.clock.now_us))
        return speed(baud)

    def noted_write(data):
        seen.append((data, line.clock.now_us))
        write(data)

    line.speed = noted_speed
    chip.bus.write = noted_write
    chip.open()
    at = [what for what, _ in seen].index(RAISE)
    ack, switch, echo = seen[at + 1], seen[at + 2], seen[at + 3]
    assert ack[0] == ACK and switch[0] == 921600 and echo[0][5:7] == b"\xd4\x00"  # PD-12
    assert 200 <= switch[1] - ack[1] <= 5000  # the chip needs 200 us behind the ACK


def test_ordinary_commands_should_send_no_wake_up():
    chip, line = host_on(Chip())
    chip.open()
    sent = len(line.writes)
    chip.find(0)
    chip.power(True)
    assert WAKE not in line.writes[sent:]  # PD-14


def test_chip_should_be_found_at_every_speed_it_was_left_at():
    for _, baud in HSU_SPEEDS:
        for last_baud in (115200, baud):
            virtual = Chip(baud, awake=True)
            chip, line = host_on(virtual, last_baud=last_baud, top_baud=baud)
            begin_us = line.clock.now_us
            opening.probe(chip)
            assert chip.baud == baud  # PD-13
            assert line.clock.now_us - begin_us <= opening.PROBE_LIMIT_MS * 1000
            assert line.speeds[0] == last_baud  # the last one used first
            chip.open()
            assert virtual.baud == chip.baud == baud


def test_probe_should_give_up_in_time():
    chip, line = host_on(lambda data, baud: [])
    begin_us = line.clock.now_us
    assert fails(lambda: opening.probe(chip))
    assert line.clock.now_us - begin_us <= opening.PROBE_LIMIT_MS * 1000  # PD-13
    assert sorted(line.speeds) == [baud for _, baud in HSU_SPEEDS]
    begin_us = line.clock.now_us
    assert fails(chip.open)
    assert line.clock.now_us - begin_us <= 2 * opening.PROBE_LIMIT_MS * 1000


def test_speeds_the_host_has_not_should_be_passed_over():
    chip, line = host_on(Chip(230400, awake=True), refused=(1288000, 38400))
    chip.open()
    assert chip.baud == 921600
    assert 1288000 not in line.speeds


def test_refused_speed_should_end_at_the_next_lower():
    for refused, baud in (((7,), 460800), ((7, 6), 230400), ((7, 6, 5), 115200)):
        virtual = Chip(refused=refused)
        chip, _ = host_on(virtual)
        chip.open()
        assert chip.baud == virtual.baud == baud  # PD-12
        assert chip.find(0) == []


def test_garbled_speed_should_end_at_one_that_works():
    for garbled, baud in (((7,), 460800), ((7, 6), 230400), ((7, 6, 5), 115200)):
        virtual = Chip(garbled=garbled)
        chip, _ = host_on(virtual)
        chip.open()
        assert chip.baud == virtual.baud == baud  # PD-12
        assert chip.find(0) == []
        assert chip.unfit == [dict(HSU_SPEEDS)[code] for code in garbled]


def test_speed_that_is_granted_and_not_carried_out_should_be_left():
    virtual = Chip(kept=(7, 6))
    chip, _ = host_on(virtual)
    chip.open()
    assert chip.baud == virtual.baud == 230400


def test_top_speed_should_be_a_setting():
    for top_baud in (115200, 230400, 460800):
        virtual = Chip()
        chip, _ = host_on(virtual, top_baud=top_baud)
        chip.open()
        assert chip.baud == virtual.baud == top_baud
        virtual = Chip(921600, awake=True)
        chip, _ = host_on(virtual, top_baud=top_baud)
        chip.open()
        assert chip.baud == virtual.baud == top_baud


def test_open_should_try_again_when_the_first_wake_up_fails():
    virtual = Chip()
    asked = []

    def deaf_at_first(data, baud):
        asked.append(baud)
        return virtual(data, baud) if len(asked) > 20 else []

    chip, _ = host_on(deaf_at_first)
    chip.open()
    assert chip.baud == 921600


def test_recover_should_bring_back_a_chip_that_was_reset():
    virtual = Chip()
    chip, line = host_on(virtual)
    chip.open()
    virtual.power_cycle()
    assert fails(lambda: chip.find(50))
    begin_us = line.clock.now_us
    assert chip.recover() is True  # PD-34
    assert line.clock.now_us - begin_us <= 500000
    assert chip.baud == virtual.baud == 921600
    assert chip.find(0) == []


def test_recover_should_be_quick_when_the_chip_is_well():
    virtual = Chip()
    chip, line = host_on(virtual)
    chip.open()
    begin_us = line.clock.now_us
    assert chip.recover() is True
    assert line.clock.now_us - begin_us <= 50000
    assert WAKE not in line.writes[1:]


def test_recover_should_say_so_when_the_chip_is_dead():
    virtual = Chip()
    alive = [True]
    chip, line = host_on(lambda data, baud: virtual(data, baud) if alive else [])
    chip.open()
    alive.clear()
    for _ in range(3):
        begin_us = line.clock.now_us
        assert chip.recover() is False  # PD-34
        assert line.clock.now_us - begin_us <= 500000
    alive.append(True)
    virtual.power_cycle()
    assert chip.recover() is True
    assert chip.baud == 921600


def test_foreign_version_should_be_an_error():
    chip, _ = host_on(lambda data, baud: [])
    virtual = Chip()
    virtual.ANSWERS = ((0x02, b"\x32\x01"),)
    chip, _ = host_on(virtual)
    try:
        chip.open()
    except ChipError as error:
        assert error.code == -1
    else:
        raise AssertionError("no error")


def test_recover_should_open_a_chip_that_was_never_opened():
    for baud in (9600, 115200, 921600):
        virtual = Chip(baud, awake=True)
        chip, _ = host_on(virtual)
        assert chip.recover() is True
        assert chip.version == b"\x32\x01\x06\x07"
        assert chip.baud == virtual.baud == 921600
