# SPDX-License-Identifier: Apache-2.0
"""What stands beside a gate, from the settings: controller, scanner, other lanes.

| key | value |
|---|---|
| gate | serial:PATH of a board (9600 baud, digicon 115200), or pins: open=PIN passed=PIN .. |
| gate_kind | relay, tpw or digicon, and words of that file; baud=, fire=PIN beside a board |
| gate_lane | gate_setup.py |
| tickets | serial:PATH of a QR scanner; ticket_keys: file of the issuers' public keys |
| console | serial:PATH of the attendant's keys (gate_keys.py) |
| fares, product | tables of ticket prices, the product sold (gate_price.py) |
| twin | serial:PATH to the next lane, for used tickets |
"""

from firmware.devices import gate_setup
from firmware.errors import FormatError
from firmware.neighbours.line import Neighbour

SCANNER_BAUD = LANES_BAUD = 9600


def open_price(settings, parameters, hal, report, gate):
    """TablePrice of a gate whose settings name fare tables; FormatError."""
    from firmware.devices import gate_price, tariff  # where there is a table

    tables = tariff.open_tables(settings, parameters, hal, report)
    product = settings.more.get("product", "gate")
    return gate_price.TablePrice(tables, product, gate.lane.kind, lambda: gate.house.stamp.exact())


def open_all(settings, hal, clock):
    """(controller, neighbours) of a gate; FormatError for what cannot be read."""
    lane = gate_setup.read_lane(settings.more.get("gate_lane", ""))
    controller = _controller(settings, lane, hal, clock)
    neighbours = []
    if "tickets" in settings.more:
        from firmware.devices import gate_tickets  # lanes with a scanner alone

        neighbours.append(gate_tickets.open_desk(settings, lane, hal, clock))
    if "console" in settings.more:
        from firmware.devices import gate_keys  # where there is an attendant

        neighbours.append(gate_keys.open_keys(settings, hal, clock))
    return controller, neighbours


def _controller(settings, lane, hal, clock):
    kind, _, rest = settings.more.get("gate_kind", "relay").partition(" ")
    if kind == "relay":
        return _pins(settings, lane, hal, clock, rest)
    path = gate_setup.serial_of(settings, "gate")
    if kind == "tpw":
        from firmware.neighbours import tpw  # one of the boards

        words = gate_setup.words_of(rest, tpw.WORDS + ("baud", "fire"), "gate_kind")
        board, baud = tpw.Tpw(words), 9600
    elif kind == "digicon":
        from firmware.neighbours import digicon  # the other one

        words = gate_setup.words_of(rest, ("entry", "baud", "fire"), "gate_kind")
        board, baud = digicon.Digicon(words), 115200
    else:
        raise FormatError("settings: `gate_kind` begins with relay, tpw or digicon")
    baud = gate_setup.whole(words, "gate_kind", "baud", baud, 1200, 921600)
    fire = hal.open_input(words["fire"]) if "fire" in words else None
    from firmware.neighbours.serial_gate import SerialGate  # of boards on a line

    line = Neighbour(lambda: hal.open_serial(path, baud), board, clock)
    return SerialGate(line, fire)


def _pins(settings, lane, hal, clock, rest):
    from firmware.neighbours import relay_gate  # gates without a board

    names = relay_gate.OUTPUTS + relay_gate.INPUTS
    wires = gate_setup.words_of(settings.more.get("gate", ""), names, "gate")
    known = tuple([row[0] for row in relay_gate.NUMBERS]) + ("back",)
    words = gate_setup.words_of(rest, known, "gate_kind")
    numbers = {}
    for row in relay_gate.NUMBERS:
        numbers[row[0]] = gate_setup.whole(words, "gate_kind", *row)
    pins = {}
    for name in wires:
        opened = hal.open_output if name in relay_gate.OUTPUTS else hal.open_input
        pins[name] = opened(wires[name])
    free_exit = words.get("back", "free") == "free"
    return relay_gate.RelayGate(pins, clock, numbers, free_exit)
