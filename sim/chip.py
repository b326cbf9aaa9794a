# SPDX-License-Identifier: Apache-2.0
"""The virtual PN532 behind its HSU pins: bytes in, bytes and due times out, no I/O and no clock of
its own (PS-02).

    chip = Chip(field)                       # timing, faults: sim/timing.py, sim/faults.py
    chip.feed(data, now_us, baud)            # what the host sent, at the host's speed
    chip.due(now_us) -> bytes                # what has arrived at the host by now
    chip.next_us() -> int or None            # when to ask again; None: not before the host speaks

The caller's clock is in microseconds and never runs backwards. Events are worked off in their
order: host bytes at the time their last bit arrived, then the running command. One command runs at
a time; a new one or a host ACK ends it, and nothing of its answer follows (PS-05). Power:
"low_vbat" answers only SAMConfiguration, "asleep" needs waking, "awake", "dead" comes back by
`reset()` alone. Asleep, the first four bytes are lost while the oscillator starts, whatever they
are.
"""

from collections import deque
from collections.abc import Callable, Generator

from firmware.errors import FormatError
from sim.chip_commands import carry_out
from sim.chip_line import (
    ACK,
    BAD_DCS,
    FRAME,
    IS_ACK,
    IS_NACK,
    TICK_US,
    FrameFinder,
    Wire,
    encode,
    garble,
)
from sim.chip_radio import FSDI_64, Radio
from sim.chip_system import BAUDS, FIFO_DATA, WUPA
from sim.faults import ERROR_FRAME, REST, Faults, spoil
from sim.timing import Timing, whole_us

RESET_BAUD = 115200
WAKE_BYTES = 4
GAP_US = 15_000  # an unfinished frame is dropped after such a silence (PS-04)
SAM_CONFIGURATION = 0x14
NO_POSTAMBLE = 0x40  # SetParameters, bit 6
RESET_REGISTERS = {FIFO_DATA: WUPA}  # nfcpy reads "no SENS_RES" from it (PS-10)
RESET_CONFIGURATION = {
    0x01: b"\x00",
    0x02: b"\x00\x0b\x0a",
    0x04: b"\x00",
    0x05: b"\xff\x01\xff",
}


class Chip:
    """One PN532. `power` is its state at the start: "low_vbat", "asleep" or "awake".

    Another face (sim/chip_bus.py) sets `wire_kind` and `wake_source` to what its bus has, and
    calls `rouse()`.

    `fsdi` is what its automatic RATS asks for: 5, so 64 bytes a block, in a real one.
    """

    wire_kind: type = Wire  # bytes on their way to the host
    wake_source = 0x10  # PowerDown, bit 4: HSU

    def __init__(self, field, timing=None, faults=None, power="low_vbat", fsdi=FSDI_64):
        self.timing = timing or Timing.none()
        self.faults = faults or Faults()
        self.radio = Radio(field, self.timing, fsdi)
        self.passed = 0  # bytes on the link, both ways
        self.stopping = False  # Faults.stop_at is reached with the step that is being done
        self.stopped: Faults | None = None  # the table whose stop is over
        self.line_free_us = 0.0  # when the last byte from the host has arrived
        self.inbox: deque[tuple[float, bytes, int]] = deque()  # (arrived_us, data, baud)
        self.late: deque[tuple[float, bytes]] = (
            deque()
        )  # (due_us, bytes): answers that nothing holds back any more
        # watch(code, radio_us, card_us, chip_us): the model's split of each command, at its answer
        self.watch: Callable[[int, int, int, int], None] | None = None
        self.exchanges = 0  # commands taken, the number Faults goes by
        self.per_code = {}
        self._start(power)

    def _start(self, power: str) -> None:
        self.power = power
        self.baud = RESET_BAUD
        self.finder = FrameFinder()
        self.wire = self.wire_kind()
        self.heard_us = 0.0
        self.waking = WAKE_BYTES
        self.job: Generator | None = None  # the running command
        self.job_us: float | None = None  # when it goes on; None: never by itself
        self.work_us = 0.0  # when it began, behind the ACK
        self.last_answer = b""
        self.fault = REST
        self.speed_granted: int | None = None  # waits for the host's ACK
        self.sleep_after_answer = ""
        self.registers = dict(RESET_REGISTERS)
        self.configuration = dict(RESET_CONFIGURATION)
        self.gpio = bytearray(b"\x3f\x06\x01")
        self.parameters = 0x14
        self.sam_mode = 1
        self.from_host = b""  # collected by MI, for the card
        self.to_host = b""  # the rest of a long answer

    def reset(self, power: str = "low_vbat") -> None:
        """Power off and on, or the reset pin: everything forgotten, 115200 baud, no field."""
        self.radio.off()
        self.radio.release(0)
        self.inbox.clear()
        self.late.clear()
        self._start(power)

    def rouse(self) -> None:
        """The oscillator is up, woken by something else than bytes."""
        self.waking = 0
        if self.power == "asleep":
            self.power = "awake"

    # --- the caller's side --------------------------------------------------------------------
    def feed(self, data: bytes, now_us: int, baud: int) -> None:
        """Take bytes the host sent at `now_us` with its port at `baud` (PS-02)."""
        self._advance(now_us)
        if self.speed_granted == baud != self.baud and data[:6] == ACK:
            # A pty shows the host's speed when it is read, not when the byte was sent: this ACK
            # left before the switch.
            self._queue(data[:6], now_us, self.baud)
            data = data[6:]
        self._queue(data, now_us, baud)
        self._advance(now_us, working=False)

    def _queue(self, data: bytes, now_us: float, baud: int) -> None:
        if data:
            begin_us = max(now_us, self.line_free_us)
            self.line_free_us = begin_us + len(data) * self.timing.byte_us(baud)
            self.inbox.append((self.line_free_us, data, baud))

    def due(self, now_us: int) -> bytes:
        """What has reached the host by now and was not handed over yet (PS-02).

        An ACK is handed over before the command is carried out: a card that writes to a slow disk
        must not hold it back. `next_us` says that more is due.
        """
        waiting = self.wire.take(now_us)
        if waiting:
            return waiting
        self._advance(now_us)
        return self.wire.take(now_us)

    def next_us(self, grain_us: int = 0) -> int | None:
        """When `due` has more; with a grain, bytes gather so long, but the last is never late."""
        times = [self.job_us, self.wire.next_us(grain_us)]
        times += [queue[0][0] for queue in (self.inbox, self.late) if queue]
        known = [at_us for at_us in times if at_us is not None]
        return whole_us(min(known)) if known else None

    def _advance(self, now_us: float, working: bool = True) -> None:
        """Work off everything up to now, in its order; without `working` no command goes on."""
        while True:
            moves = []
            if self.inbox:
                moves.append((self.inbox[0][0], 0, self._hear))
            if working and self.job_us is not None:
                moves.append((self.job_us, 1, self._go_on))
            if self.late:
                moves.append((self.late[0][0], 2, self._say_late))
            if not moves:
                return
            at_us, _, move = min(moves, key=lambda entry: entry[:2])
            if at_us > now_us + TICK_US:
                return
            move(at_us)
            if self.stopping:
                self._stop()

    # --- host bytes ---------------------------------------------------------------------------
    def _hear(self, at_us: float) -> None:
        _, data, baud = self.inbox.popleft()
        silence_us = at_us - len(data) * self.timing.byte_us(baud) - self.heard_us
        self.heard_us = at_us
        if silence_us > GAP_US:
            self.finder.drop()
        data = self._count(data)
        if self.power == "dead":
            return
        if self.power in ("asleep", "low_vbat") and self.waking:  # PS-07
            lost = data[: self.waking]
            self.waking -= len(lost)
            data = data[len(lost) :]
            if not self.waking and self.power == "asleep":
                self.power = "awake"
        if baud != self.baud:  # PS-06
            data = garble(data)
        for kind, payload in self.finder.feed(data):
            self._take(kind, payload, at_us)

    def _take(self, kind: str, payload: bytes, at_us: float) -> None:
        if kind == FRAME:
            self._command(payload, at_us)
        elif self.power != "awake":
            return
        elif kind == IS_ACK:
            self._host_ack(at_us)
        elif kind == IS_NACK and self.job is None and self.last_answer:
            self._send(at_us, self.last_answer)  # PS-05: without doing it again
        elif kind == BAD_DCS and self.faults.bad_dcs == "error":
            self._send(at_us, ERROR_FRAME)

    def _host_ack(self, at_us: float) -> None:
        """Abort; or, behind the answer to SetSerialBaudRate, the moment to switch (7.2.12).

        PS-05, PS-06.
        """
        finished = self.job is None and self.wire.free_us <= at_us + TICK_US
        granted, self.speed_granted = self.speed_granted, None
        if finished and granted:
            self.baud = granted
        self._abort(at_us)

    # --- commands -----------------------------------------------------------------------------
    def _command(self, payload: bytes, at_us: float) -> None:
        code = payload[0]
        self._abort(at_us)  # PS-05: the running command gives way
        self.speed_granted = None
        if self.power == "low_vbat":
            if code != SAM_CONFIGURATION:
                return
            self.power = "awake"
        nth = self.per_code.get(code, 0)
        self.fault = fault = self.faults.pick(self.exchanges, code, nth)
        self.exchanges += 1
        self.per_code[code] = nth + 1
        self.radio.begin(fault)
        if fault.stuck in ("wake", "power"):
            self._sleep("dead" if fault.stuck == "power" else "asleep")
            return
        begin_us = at_us + fault.ack_delay_ms * 1000
        if not (fault.drop_ack or fault.mute):
            begin_us = self._send(begin_us, ACK)
        self.job = carry_out(self, code, payload[1:])
        self.work_us = begin_us
        self.job_us = begin_us + (self.timing.firmware_ms + fault.answer_delay_ms) * 1000

    def _abort(self, at_us: float) -> None:
        self._drop_job()
        self.wire.cut(at_us)

    def _drop_job(self) -> None:
        if self.job is not None:
            self.job.close()
        self.job = self.job_us = None
        self.sleep_after_answer = ""

    def _say_late(self, at_us: float) -> None:
        self._send(at_us, self.late.popleft()[1])

    def _go_on(self, at_us: float) -> None:
        """Run the command to its next wait, or to its answer."""
        try:
            wait_ms = next(self.job) if self.job else None
        except StopIteration as end:
            self.job = self.job_us = None
            self._answer(end.value, at_us)
        except FormatError:
            self.job = self.job_us = None
            self.last_answer = ERROR_FRAME
            self._send(at_us, ERROR_FRAME)
        else:
            self.job_us = None if wait_ms is None else at_us + wait_ms * 1000

    def _answer(self, body: bytes, at_us: float) -> None:
        fault = self.fault
        if self.watch:
            chip_us = (self.timing.firmware_ms + fault.answer_delay_ms) * 1000
            card_us = self.radio.card_ms * 1000
            radio_us = at_us - self.work_us - chip_us - card_us
            self.watch(body[1] - 1, round(radio_us), round(card_us), round(chip_us))
        self.last_answer = encode(body, bare=bool(self.parameters & NO_POSTAMBLE))
        out = spoil(fault, self.last_answer)
        if fault.late_answer_ms:
            self.late.append((at_us + fault.late_answer_ms * 1000, out))
        elif not (fault.mute or fault.drop_answer):
            gap_at = len(out) if fault.gap_at is None else fault.gap_at
            end_us = self._say(at_us, out[:gap_at])
            self._say(end_us + fault.gap_ms * 1000, out[gap_at:])
        if self.sleep_after_answer:
            self._sleep(self.sleep_after_answer)
        if fault.reset_at is not None:
            self._restart()

    def _say(self, at_us: float, out: bytes) -> float:
        """Send an answer, in bytes with gaps between them where a knob asks for it."""
        if not self.fault.byte_gap_ms:
            return self._send(at_us, out)
        for at in range(len(out)):
            at_us = self._send(at_us + self.fault.byte_gap_ms * 1000, out[at : at + 1])
        return at_us

    # --- stops of Faults.stop_at ----------------------------------------------------------------
    def _count(self, data: bytes) -> bytes:
        """What of `data` still passes before the chip stops."""
        if self.stopping:
            return b""
        before, self.passed = self.passed, self.passed + len(data)
        stop_at = self.faults.stop_at
        if stop_at is None or self.stopped is self.faults or self.passed < stop_at:
            return data
        self.stopping, self.stopped = True, self.faults
        return data[: max(0, stop_at - before)]

    def _stop(self) -> None:
        self.stopping = False
        self._drop_job()
        if self.faults.stop == "reset":
            self._restart()
        else:
            self._sleep("dead" if self.faults.stop == "power" else "asleep")

    def _restart(self) -> None:
        """reset(), but what has been said still arrives."""
        leaving = self.wire
        self.reset()
        self.wire = leaving

    def _sleep(self, power: str) -> None:
        self.power, self.sleep_after_answer = power, ""
        self.waking = WAKE_BYTES
        self.finder.drop()

    def _send(self, at_us: float, data: bytes) -> float:
        """Put bytes on the wire at the chip's speed; return when the last one has left."""
        if BAUDS.index(self.baud) in self.faults.garble_speed:
            data = garble(data)
        data = self._count(data)
        return self.wire.put(at_us, data, self.timing.byte_us(self.baud))
