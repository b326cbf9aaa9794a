# SPDX-License-Identifier: Apache-2.0
"""The part `native` of `faretap bench`: hashes and signatures on the emulated RP2040, each twin of
firmware/kernel/twins.py beside plain Python, by the image that `make image` has built.

Time is the emulated processor's at 125 MHz; how far that is from a real one is said in the notes.
"""

import json
import os

from firmware.errors import FormatError
from host_tools.cli.bench_parts import Sheet, told
from host_tools.cli.runtime import FROZEN, ROOT
from sim import pico
from sim.sm2_keys import Sm2Key

IMAGE = FROZEN / "pico.uf2"
PROGRAM = ROOT / "sim" / "bench_native.py"
LIMIT_MS = 60_000  # of emulated time: an hour's patience is not needed
PAN, ATC, TODAY = bytes.fromhex("6228000100000010"), b"\0\5", (26, 11, 22)
STATIC, TERMINAL = bytes(range(120)), bytes(range(40))
EXPIRY = bytes.fromhex("1249")
WORDS = ("plain", "viper", "c")
# Nothing that boot.py prints leaves a board: the program takes the place of the firmware's root.
START = """import sys
import {module}
class Root:
    def main(*_):
        {module}.main({{name: bytes.fromhex(text) for name, text in {keys}}}, {words})
    main = staticmethod(main)
sys.modules["firmware.boot.root"] = Root
"""


def made_keys() -> dict[str, bytes]:
    """What sim/bench_native.py takes: a chain of fresh keys."""
    ca, issuer, card = (Sm2Key.generate() for _ in range(3))
    owner = PAN + b"\xff" * (10 - len(PAN))
    above, _ = ca.certify("issuer", PAN[:3] + b"\xff", EXPIRY, 1, issuer)
    below, _ = issuer.certify("icc", owner, EXPIRY, 1, card, STATIC)
    return {
        "ca": ca.point,
        "issuer": issuer.point,
        "card": card.point,
        "issuer_certificate": above,
        "icc_certificate": below,
        "sdad": card.sign_dynamic(ATC, TERMINAL),
        "static": STATIC,
        "terminal": TERMINAL,
        "pan": PAN,
        "atc": ATC,
        "today": bytes(TODAY),
    }


def emulated(image=IMAGE, words=WORDS) -> list[dict]:
    """The events of one run on the emulated Pico; FormatError where there is no image, or where it
    stops before the end.
    """
    if not image.exists():
        raise FormatError(f"{os.path.relpath(image)} is not there: `make image` builds it")
    told("hashes and signatures on the emulated RP2040: some minutes")
    start = START.format(
        module=PROGRAM.stem,
        keys=[(name, data.hex()) for name, data in made_keys().items()],
        words=words,
    )
    board = pico.Pico(image)
    laid = pico.file_system({PROGRAM.name: PROGRAM.read_text("utf-8"), "boot.py": start})
    at = pico.FILES_PLACE
    board.device.mcu.flash[at : at + len(laid)] = laid
    if not board.run(lambda: board.said("measured"), LIMIT_MS):
        raise FormatError("the emulated board stopped: " + " | ".join(board.texts[-5:]))
    return board.events


def native() -> Sheet:
    """A row a step, a column a twin."""
    events = emulated()
    names: list[str] = []
    costs: dict[tuple[str, str], dict] = {}
    word = ""
    for event in events:
        if event["event"] == "twin":
            word = event["word"]
        elif event["event"] == "cost":
            if event["name"] not in names:
                names.append(event["name"])
            costs[event["name"], word or "plain"] = event
    chosen = next(event for event in events if event["event"] == "chosen")
    columns = ["step", *(f"{word}, ms" for word in WORDS)]
    columns += [f"{word}, longest slice" for word in WORDS] + ["times faster"]
    rows = [row(name, [costs.get((name, word)) for word in WORDS]) for name in names]
    notes = [
        "Milliseconds of the emulated RP2040 at 125 MHz, by the image of a Pico; big-integer work"
        " takes up to a fifth longer on a real one (spec: calibration by digits of pi), and flash"
        " that is not in the cache of the processor costs time that no emulator shows.",
        f"SM3 runs as {chosen['sm3']} on this image, the sums of SM2 as {chosen['sm2']}; RSA in C"
        " is for e = 65537 alone. `pow()` is MicroPython's own, in one slice.",
    ]
    return Sheet("native", "Hashes and signatures on an RP2040", columns, rows, notes)


def row(name, found):
    """One row of figures."""
    plain, *_ = times = [one and one["us"] / 1000 for one in found]
    best = [ms for ms in times[1:] if ms]
    return [
        name,
        *(f"{ms:,.1f}" if ms else "" for ms in times),
        *(f"{one['slice_us'] / 1000:,.1f}" if one else "" for one in found),
        f"{plain / min(best):.0f}" if best else "",
    ]


if __name__ == "__main__":
    for one in emulated():
        print(json.dumps(one))
