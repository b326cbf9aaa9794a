# SPDX-License-Identifier: Apache-2.0
"""Host time of one exchange, no radio and no card time: our driver, both engines by turns in one
process; bench_other_exchange.py adds the bare system calls and other people's drivers.

    python -m sim.bench_exchange ROUNDS NAME=PTY ..      (CPython and MicroPython)

Each PTY is a virtual chip of its own with a card that answers as many bytes as P1 P2 say. Prints
one JSON object a row: name, bytes of the answer, median wall time, mean processor time in us.
"""

import json
import sys
import time

from firmware import hal
from firmware.reader.bus import Hsu
from firmware.reader.iso_dep import IsoDepCard
from firmware.reader.pn532 import Pn532

EACH = 20  # exchanges of one candidate before the next has its turn
SIZES = (5, 250)
MOST_LOST = 40  # by other drivers, on a machine that has other work


def apdu(count):
    """A READ RECORD that asks for so many bytes."""
    return b"\x00\xb2" + count.to_bytes(2, "big") + b"\x00"


def ours(path, engine=None):
    """exchange(count) of our driver, with the chip's ISO-DEP or with our own."""
    chip = Pn532(Hsu(hal.open_serial(path, 115200), hal), hal, own_card=engine)
    chip.open()
    chip.power(True)
    card = chip.find(1000)[0]
    return lambda count: card.exchange(apdu(count))


def ours_own(path):
    return ours(path, IsoDepCard)


CANDIDATES = {"faretap, engine chip": ours, "faretap, engine own": ours_own}


def median(values):
    values = sorted(values)
    return values[len(values) // 2]


def cpu_us():
    """Processor time of this process, 0 where the interpreter does not tell."""
    return int(time.process_time() * 1000000) if hasattr(time, "process_time") else 0


def main(words, candidates):
    """Measure the candidates of ROUNDS NAME=PTY .."""
    rounds, places = int(words[0]), [one.split("=", 1) for one in words[1:]]
    talks = [(name, candidates[name](path)) for name, path in places]
    walls = {(name, count): [] for name, _ in talks for count in SIZES}
    cpus = {key: 0 for key in walls}
    lost = []
    for turn in range(rounds + 1):
        for name, talk in talks:
            for count in SIZES:
                began_cpu = cpu_us()
                for _ in range(EACH):
                    began = hal.ticks_us()
                    answer = talk(count)
                    wall = hal.ticks_diff(hal.ticks_us(), began)
                    if len(answer) != count:
                        lost.append(name)  # pn532pi gives the chip 10 ms for its ACK
                        if len(lost) > MOST_LOST:
                            raise ValueError("too many exchanges were lost: %s" % lost)
                    elif turn:  # the first one warms up
                        walls[name, count].append(wall)
                if turn:
                    cpus[name, count] += cpu_us() - began_cpu
    for name, _ in talks:
        for count in SIZES:
            seen = walls[name, count]
            row = {"name": name, "bytes": count, "wall_us": median(seen)}
            row["cpu_us"] = cpus[name, count] / len(seen)
            print(json.dumps(row))


if __name__ == "__main__":
    main(sys.argv[1:], CANDIDATES)
