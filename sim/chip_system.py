# SPDX-License-Identifier: Apache-2.0
"""Commands of the virtual PN532 that concern the chip itself (UM0701-02, 7.2): rows of the table
in sim/chip_commands.py, which says what they take and give.
"""

from firmware.errors import FormatError

BAUDS = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1288000)
CONFIGURATION_SIZES = {0x01: 1, 0x02: 3, 0x04: 1, 0x05: 3, 0x0A: 11, 0x0B: 8, 0x0C: 3, 0x0D: 9}
TX_MODE, RX_MODE = 0x6302, 0x6303  # registers of the CIU
FIFO_DATA, WUPA = 0x6339, 0x26


def need(holds: bool, what: str) -> None:
    if not holds:
        raise FormatError(what)


def diagnose(chip, data):
    """Line, ROM, RAM, polling, echo, presence, antenna (7.2.1; PS-11)."""
    test, rest = data[0], data[1:]
    if test == 0x00:
        return data
    if test == 0x05:  # echo back: the chip is a target until the host aborts
        return wait_for_ever()
    if test == 0x06:
        return presence(chip)
    sizes = {0x01: (0,), 0x02: (0,), 0x04: (1,), 0x07: (1,)}
    need(test in sizes and len(rest) in sizes[test], "Diagnose")
    return b"\x80" if test == 0x04 else b"\x00"  # 128 polls for FeliCa, all in vain


def presence(chip):
    """0 while the first target answers R(NAK), else 1 (PS-11)."""
    targets = chip.radio.targets
    here = bool(targets) and (yield from chip.radio.present(targets[0]))
    return b"\x00" if here else b"\x01"


def wait_for_ever():
    """Until a host ACK or a new command ends it (PS-05, PS-09)."""
    yield None


def general_status(chip, data):
    radio = chip.radio
    listed = b"".join(
        bytes((t.number, t.picc.from_card, t.picc.to_card, 0x00)) for t in radio.targets
    )
    return bytes((radio.last_error, 0x00, len(radio.targets))) + listed + b"\x00"


def read_register(chip, data):
    """What was written, 0 where nothing was (PS-10)."""
    need(len(data) % 2 == 0, "addresses")
    wanted = (int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))
    return bytes(chip.registers.get(address, 0) for address in wanted)


def write_register(chip, data):
    need(len(data) % 3 == 0, "address and value")
    for at in range(0, len(data), 3):
        chip.registers[int.from_bytes(data[at : at + 2], "big")] = data[at + 2]
    return b""


def write_gpio(chip, data):
    for port, value in enumerate(data):  # bit 7: take the value
        if value & 0x80:
            chip.gpio[port] = value & 0x7F
    return b""


def set_serial_baud_rate(chip, data):
    code = data[0]
    need(code < len(BAUDS) and code not in chip.faults.refuse_speed, "speed")
    chip.speed_granted = chip.baud if code in chip.faults.keep_speed else BAUDS[code]
    return b""


def set_parameters(chip, data):
    chip.parameters = data[0]
    return b""


def sam_configuration(chip, data):
    """One parameter, two or three (PS-09)."""
    need(1 <= data[0] <= 4, "SAM mode")
    chip.sam_mode = data[0]
    return b""


def power_down(chip, data):
    """Asleep behind the answer; without this bus among the sources only reset() wakes (PS-07)."""
    chip.sleep_after_answer = "asleep" if data[0] & chip.wake_source else "dead"
    return b"\x00"


def rf_configuration(chip, data):
    item, values = data[0], data[1:]
    need(CONFIGURATION_SIZES.get(item) == len(values), "item")
    chip.configuration[item] = values
    if item == 0x01 and not values[0] & 0x01:
        chip.radio.off()
    return b""


def set_speeds(chip, to_card, from_card):
    """Bits 6..4 of both mode registers, as the chip sets them by itself."""
    for mode, speed in ((TX_MODE, to_card), (RX_MODE, from_card)):
        chip.registers[mode] = chip.registers.get(mode, 0) & 0x8F | speed << 4
