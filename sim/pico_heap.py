# SPDX-License-Identifier: Apache-2.0
"""How full the heap of an emulated Pico gets, from its allocation table: the board does nothing
for it.

    watch = HeapWatch(pico, *heap_of(elf))      where the collector's area is, from the image's ELF
    watch.alive, watch.full                     bytes: most that was in use behind a collection;
                                                most with garbage in it

The table stands at the head of the area, two bits for each 16 bytes, 0 for free (MicroPython,
py/gc.c). It is looked at each millisecond; a fall by COLLECTED bytes was a collection.
"""

import subprocess

BLOCK_BYTES = 16
BITS_A_BLOCK = 2 + 1 + 8 * BLOCK_BYTES  # of the area: table, finalisers, the block itself
LOOK_NS = 1_000_000
COLLECTED = 4096
RAM = 0x20000000
NAMES = ("__GcHeapStart", "__GcHeapEnd")
STACK_POINTER = 13
STACK_NAMES = ("__StackBottom", "__StackTop")
# Of 8,192 bytes: MicroPython ends a program that calls with 7,936 in use. A call takes some 230,
# so two more must fit where a tap is deepest; an interrupt needs its 250 behind them.
STACK_MOST = 7936 - 2 * 256


def heap_of(elf):
    """(address, bytes) of the area; KeyError when the file has no such names, OSError without
    the compiler's tools.
    """
    places = places_in(elf)
    start, end = (places[name] for name in NAMES)
    return start, end - start


def places_in(elf):
    """{name: address} of an ELF file."""
    said = subprocess.run(
        ["arm-none-eabi-nm", str(elf)], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split() for line in said.splitlines()]
    return {row[2]: int(row[0], 16) for row in rows if len(row) == 3}


def stack_of(elf):
    """(address of its lowest byte, bytes) of the C stack; errors as heap_of()."""
    places = places_in(elf)
    low, high = (places[name] for name in STACK_NAMES)
    return low, high - low


class StackWatch:
    """The C stack of a `pico`, of `size` bytes from address `low` on; it grows downwards."""

    def __init__(self, pico, low, size):
        self.mcu, self.low, self.size = pico.device.mcu, low - RAM, size

    def begin(self):
        """Write zeros below the stack as it stands: used() counts from here."""
        free = self.mcu.core.registers[STACK_POINTER] - RAM - self.low
        self.mcu.sram[self.low : self.low + free] = bytes(free)

    def used(self):
        """Bytes at most since begin(); STACK_MOST is what they may be."""
        cells = bytes(self.mcu.sram[self.low : self.low + self.size])
        return len(cells.lstrip(b"\0"))


class HeapWatch:
    """Looks while `pico` runs."""

    def __init__(self, pico, start, size):
        self.mcu = pico.device.mcu
        count = size * 8 // BITS_A_BLOCK // 4  # bytes of the table, four blocks in each
        self.total = count * 4 * BLOCK_BYTES
        self.place = slice(start - RAM, start - RAM + count)
        self.ones = int.from_bytes(b"\x55" * count, "little")
        self.alive = self.full = 0
        self.top = self.last = 0
        self.alarm = self.mcu.clock.create_alarm(self._look)
        self.alarm.schedule(LOOK_NS)

    def _look(self, *_):
        cells = int.from_bytes(self.mcu.sram[self.place], "little")
        used = ((cells | cells >> 1) & self.ones).bit_count() * BLOCK_BYTES
        if used > self.last and self.top - self.last >= COLLECTED:
            self.alive = max(self.alive, self.last)
            self.top = used
        self.top, self.last = max(self.top, used), used
        self.full = max(self.full, used)
        self.alarm.schedule(LOOK_NS)
