# SPDX-License-Identifier: Apache-2.0
"""An emulated Raspberry Pi Pico that runs our image: the very bytes that go onto a board, executed
by rp2040py, with the virtual PN532 and a collector on its UARTs.

    pico = Pico(IMAGE, files={"settings.txt": .., "parameters.txt": ..})
    pico.wire(1, Chip(field, Timing()))              # anything with feed, due and next_us
    pico.run(lambda: pico.said("ready"), limit_ms=3000)
    flash = pico.flash                               # the plug is pulled: all that is left
    pico = Pico(IMAGE, flash=flash)                  # .. and the next start

Times are the emulated processor's, at 125 MHz; there is no radio. What the emulator has not, or
has wrongly, is put right here: the transmit interrupt of a UART, its clock of 48 MHz, the bits of
the ring oscillator (drawn from `seed`), a clock that was set, a host at the USB that says nothing
where it has nothing to say, and flash that takes time and loses its power (pico_flash.py).
"""

import asyncio
import json
import random
from collections.abc import Callable

from littlefs import LittleFS
from rp2040py.boards import BoardSpec
from rp2040py.device.base_device import BaseDevice
from rp2040py.gpio_pin import GPIOPinState
from rp2040py.memory_map import FLASH_START_ADDRESS
from rp2040py.peripherals import uart as pl011
from rp2040py.peripherals.peripheral import BasePeripheral

from firmware.boot import layout
from sim.pico_flash import FlashPart

BOARD = layout.row("pico")
BLOCK_BYTES = layout.BLOCK_BYTES
FLASH_BYTES = 2 * 1024 * 1024
FILES_AT, FILE_BLOCKS = layout.region(BOARD, "files")
FILES_PLACE = BOARD[2] + FILES_AT * BLOCK_BYTES  # in the flash
ROSC, RANDOM_BIT, ROSC_STATUS = 0x40060, 0x1C, 0x18
ROSC_STABLE = 0x80001000
CLK_PERI_HZ, EMULATED_HZ = 48, 125  # a UART's clock on the board, and what the emulator divides
BAUDS = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1288000)
GRAIN_US = 100  # bytes are handed over in lots of this length: its FIFO holds 32
GATHER_NS = 20_000  # what the processor writes in so short a time was one write
BOOT = """import machine
machine.RTC().datetime((%d, %d, %d, 0, %d, %d, %d, 0))
"""


class Pico:
    """One start. `files`: laid into the file system of a board that was erased; `flash`: what
    another start has left, instead. `utc`: (year, month, day, hour, minute, second) that its clock
    holds.
    """

    def __init__(self, image, files=None, flash=None, utc=(2026, 11, 21, 10, 0, 0), seed=0):
        self.device = BaseDevice(board=BoardSpec(image=str(image)))
        mcu = self.device.mcu
        if flash is not None:
            mcu.flash[: len(flash)] = flash
        if files is not None:
            year, month, day, hour, minute, second = utc
            boot = BOOT % (year, month, day, hour, minute, second)
            laid = file_system({**files, "boot.py": boot})
            mcu.flash[FILES_PLACE : FILES_PLACE + len(laid)] = laid
        mcu.peripherals[ROSC] = Oscillator(mcu, seed)
        self.part = FlashPart(mcu)
        for uart in mcu.uart:
            mend(uart)
        self.restless = wait_for_words(mcu.usb_ctrl, self.device.cdc)
        self.device.cdc.on_serial_data = self._heard
        self.events: list[dict] = []
        self.texts: list[str] = []  # lines that were no event
        self.line = b""
        self.levels: list[tuple[float, int, bool]] = []  # (ms, pin, level) of pins looked at
        mcu.core.pc = FLASH_START_ADDRESS

    @property
    def now_ms(self) -> float:
        """Since power came."""
        return self.device.mcu.clock.nanos / 1e6

    @property
    def flash(self) -> bytes:
        """All 2 MB as they are at this moment."""
        return bytes(self.device.mcu.flash[:FLASH_BYTES])  # the window is 16 MB

    def journal(self, blocks: int) -> bytes:
        """The journal's region, `journal_blocks` of the settings long."""
        return self.flash[-blocks * BLOCK_BYTES :]

    def said(self, event: str) -> list[dict]:
        """Its events of one kind."""
        return [one for one in self.events if one["event"] == event]

    def cut(self, operation: int, seed=0, how="") -> None:
        """Let the power fail in a flash operation to come, 0 the next: `part.dead` from there on,
        and `flash` is what is left.
        """
        self.part.cut(operation, seed, how, self.device.simulator.stop)

    def look_at(self, pin: int) -> None:
        """Note each change of an output pin in `levels`."""

        def changed(level, _before):
            self.levels.append((self.now_ms, pin, level == GPIOPinState.HIGH))

        self.device.mcu.gpio[pin].add_listener(changed)

    def wire(self, number: int, peer) -> None:
        """Put a peer on UART 0 or 1: feed(data, now_us, baud), due(now_us), next_us(grain_us)."""
        Wire(self.device.mcu, number, peer)

    def run(self, until: Callable[[], object], limit_ms: float) -> bool:
        """Let the processor run until something is so, at most to `limit_ms` since power came;
        False when it never was, and at once when the power fails.
        """
        if self.part.dead:
            return bool(until())
        return asyncio.run(self._run(until, limit_ms))

    async def _run(self, until, limit_ms) -> bool:
        if until():
            return True  # stop() before execute() has begun would be lost
        simulator = self.device.simulator
        running = asyncio.create_task(simulator.execute())
        reached = False
        while not reached and self.now_ms < limit_ms and not running.done():
            await asyncio.sleep(0)
            reached = bool(until())
        simulator.stop()
        await running
        return reached or bool(until())

    def _heard(self, data) -> None:
        self.line += bytes(data)
        *whole, self.line = self.line.split(b"\n")
        for line in whole:
            text = line.decode(errors="replace").strip()
            try:
                event = json.loads(text)
                self.events.append({**event, "at_ms": self.now_ms})
            except (ValueError, TypeError):
                self.texts.append(text)


class Wire:
    """A UART and what hangs on it."""

    def __init__(self, mcu, number, peer):
        self.clock, self.uart, self.peer = mcu.clock, mcu.uart[number], peer
        self.written = bytearray()
        self.gathered = self.clock.create_alarm(self._over)
        self.alarm = self.clock.create_alarm(self._due)
        self.uart.on_byte = self._byte

    def _now_us(self):
        return int(self.clock.nanos / 1000)

    def _byte(self, value):
        if not self.written:
            self.gathered.schedule(GATHER_NS)
        self.written.append(value)

    def _over(self, *_):
        data, self.written = bytes(self.written), bytearray()
        asked = self.uart.baud_rate * CLK_PERI_HZ / EMULATED_HZ
        self.peer.feed(data, self._now_us(), min(BAUDS, key=lambda baud: abs(baud - asked)))
        self._set_alarm()

    def _due(self, *_):
        for value in self.peer.due(self._now_us()):
            self.uart.feed_byte(value)
        self._set_alarm()

    def _set_alarm(self):
        at_us = self.peer.next_us(GRAIN_US)
        if at_us is not None:
            self.alarm.schedule(max(1, at_us - self._now_us()) * 1000)


class Oscillator(BasePeripheral):
    """The ring oscillator: stable, and a random bit at each look, which os.urandom wants."""

    def __init__(self, mcu, seed):
        super().__init__(mcu, "ROSC")
        self.drawn = random.Random(seed)

    def read_uint32(self, offset):
        if offset == RANDOM_BIT:
            return self.drawn.getrandbits(1)
        return ROSC_STABLE if offset == ROSC_STATUS else 0

    def write_uint32(self, offset, value):
        pass


def mend(uart):
    """Let the transmit interrupt of a UART go down when it was served: it rises with a byte that
    leaves, and UARTICR clears it (PL011, 3.3.13). Without it no program returns from the handler.
    """
    write = uart.write_uint32

    def check():
        pending = uart._interrupt_status & uart._interrupt_mask
        uart.rp2040.set_interrupt(uart.irq, bool(pending))

    def write_and_raise(offset, value):
        write(offset, value)
        if offset == pl011.UARTDR:
            uart._interrupt_status |= pl011.UARTTXINTR
            check()

    uart.check_interrupts, uart.write_uint32 = check, write_and_raise


def wait_for_words(usb, cdc):
    """Let the host begin no transfer to the board while it has no byte for it, as a real one does.
    The emulator's sends an empty packet whenever the board would take one: thousands a second, an
    interrupt and its handling each. Returns what puts that back (pico_usb.py).
    """
    answer, push = usb.on_endpoint_read, cdc.send_serial_byte
    asked = {}  # endpoint: size of the board's buffer that is free

    def read(endpoint, size):
        if endpoint == cdc._out_endpoint and not cdc.tx_fifo.item_count:
            asked[endpoint] = size
        else:
            answer(endpoint, size)

    def send(value):
        push(value)
        size = asked.pop(cdc._out_endpoint, None)
        if size:
            answer(cdc._out_endpoint, size)

    def restless():
        usb.on_endpoint_read, cdc.send_serial_byte = answer, push

    usb.on_endpoint_read, cdc.send_serial_byte = read, send
    return restless


def file_system(files: dict[str, str | bytes]) -> bytes:
    """A littlefs as MicroPython mounts it on an RP2040, with these files."""
    system = LittleFS(
        block_size=BLOCK_BYTES, block_count=FILE_BLOCKS, read_size=32, prog_size=256,
        cache_size=256, lookahead_size=32, disk_version=0x00020000,
    )  # fmt: skip
    for name, text in files.items():
        with system.open(name, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
    return bytes(system.context.buffer)
