# SPDX-License-Identifier: Apache-2.0
"""An emulated Pico gets a release from a collector: fetched into a slot, tried, good, or left.

    renewal = Renewal(image, folder, body)    body: ROMFS image, signed here as release NUMBER
    renewal.begin(missing=16384)              all but the last bytes have come before a restart
    renewal.reach("laid", limit_ms)           False: it was not said in time

    lay(pico, data, trial=1, left=1)          a board whose next start tries a release

A line of 115200 baud needs half a minute for a release of 320 KB, which is twenty in the
emulator: so the transfer may go on where it would have stopped, as behind a cut of power
(firmware/boot/raw_slots.py).
"""

import hashlib

from cryptography.hazmat.primitives.asymmetric import rsa

from firmware.boot import layout, record
from firmware.boot.raw_slots import NOTE
from firmware.boot.root import RELEASE
from firmware.formats import signed, status
from host_tools import release_build, release_files, sealing, signing
from host_tools.collector import Collector
from host_tools.image import boards, compiled, romfs
from host_tools.ledger import Ledger, files, keys, registry, rollout
from host_tools.ledger.desk import FleetDesk
from sim.depot_wire import Depot
from sim.pico import BLOCK_BYTES, BOARD, Pico
from sim.pico_cuts import utc_s
from sim.pico_stand import KEY, TERMINAL, Stand
from sim.wallet import Wallet

NUMBER = 8
KEY_BITS = 2048
SLOT_A = "slot_a"
# `firmware` of a release that is this file alone: its modules are those of the frozen one
SMALL = b'__path__ = ".frozen/firmware"\n'


def place(name):
    """Where a region begins in the flash."""
    return BOARD[2] + layout.region(BOARD, name)[0] * BLOCK_BYTES


def whole_body(device, compiler):
    """The ROMFS image of all modules that a device needs."""
    return release_build.body(BOARD[0], (device,), compiler)


def small_body(folder, compiler, sources):
    """A ROMFS image of {"firmware/__init__.py": text, ..} alone."""
    paths = []
    for name, text in sources.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
        paths.append(path)
    march = boards.maker(BOARD[0]).march
    made = compiled.compile_files(paths, march, compiler, root=folder)
    return romfs.pack({one.name: one.data for one in made})


class Renewal:
    """A terminal, its authority, and a ledger that offers it one release. `pico`: its last start;
    `data`: the signed file; `depot`: the collector at its link.
    """

    def __init__(self, image, folder, body):
        signer = signing.RsaSigner(rsa.generate_private_key(signed.EXPONENT, KEY_BITS))
        self.data = release_files.signed_release(body, BOARD[0], NUMBER, "test", "", signer)
        wallet = Wallet.create(folder / "wallet")
        self.card = wallet.card("adult-1")
        self.stand = Stand(image, wallet.parameters(), more=signer.setting + "\n")
        name = "parameters.txt"
        self.stand.files[name] = sealing.sealed(self.stand.files[name], signer.key)
        self.ledger = Ledger(f"sqlite:///{folder / 'ledger.db'}", time_utc_s=utc_s)
        registry.enrol(self.ledger, [TERMINAL])
        keys.enter(self.ledger, TERMINAL, "one", KEY)
        files.register(self.ledger, self.data, signer.authority)
        rollout.start(self.ledger, "firmware", NUMBER, percent=100)
        collector = Collector(
            self.ledger, time_utc_s=utc_s, enrolment=False, unsigned=False,
            files=FleetDesk(self.ledger),
        )  # fmt: skip
        self.depot = Depot(collector)
        self.pico: Pico

    def begin(self, missing=0):
        """Power on an erased board with our files; missing: bytes that have still to come, 0:
        all. The transfer goes on at the last note before them.
        """
        if not missing:
            self.pico = self.stand.start(None, self.depot)
            return
        come = max(0, len(self.data) - missing) // NOTE * NOTE
        digest = hashlib.sha256(self.data).hexdigest()
        self.stand.files[RELEASE + ".at"] = f"a {come}"
        self.stand.files[RELEASE + ".want"] = (
            f"{status.PROGRAM} {NUMBER} {len(self.data)} {digest}"
        )
        self.pico = self.stand.start(None, self.depot)
        self.pico.device.mcu.flash[place(SLOT_A) : place(SLOT_A) + come] = self.data[:come]

    def again(self):
        """The next start, on what this one has left, with the same collector."""
        self.pico = self.stand.start(self.pico.flash, self.depot)

    def reach(self, said, limit_ms):
        """Run until said(pico) is true: whether it became so within limit_ms from here."""
        pico = self.pico
        return pico.run(lambda: said(pico), pico.now_ms + limit_ms)

    @property
    def record(self):
        """The boot record as it lies in the flash: a dict of FIELDS."""
        return record_in(self.pico.flash)


class Copies:
    """Those of a boot record in an image of the flash."""

    def __init__(self, flash):
        self.flash = flash

    def read(self, number):
        """As record.InBlocks."""
        at = place("boot") + number * BLOCK_BYTES
        return self.flash[at : at + record.MOST]


def record_in(flash):
    """Values of the record in force."""
    return record.BootRecord(Copies(flash)).values


def lay(pico, data, slot=record.A, **values):
    """Put a release file into a slot of a board without power, and a record that knows it.

    values: of record.FIELDS beside what it holds.
    """
    cells = pico.device.mcu.flash
    at = place({record.A: "slot_a", record.B: "slot_b"}[slot])
    cells[at : at + len(data)] = data
    head, _ = release_files.opened(data)
    held = dict(zip(record.HELD[slot], (head.number, len(data), head.digest), strict=True))
    packed = record.pack({**record.BLANK, **held, **values}, 1)
    at = place("boot")
    cells[at : at + len(packed)] = packed


def said_boots(pico):
    """[(slot, release)] of its starts."""
    return [(one["slot"], one["release"]) for one in pico.said("boot") if one.get("slot")]


def is_good(pico):
    """Whether the release out of the slot has said that it is good; what is frozen says so too."""
    running = 0
    for one in pico.said("boot"):
        running = one.get("release", running)
        if running == NUMBER and one["text"] == "the release is good":
            return True
    return False
