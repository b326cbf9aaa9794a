# SPDX-License-Identifier: Apache-2.0
"""`faretap pico records`: taps that change records of the card, on an emulated Pico"""

from pathlib import Path

import click
from rich.console import Console

from host_tools.cli.bench import put, table
from host_tools.cli.bench_parts import Sheet
from host_tools.cli.pico_image import IMAGE, exists
from host_tools.cli.runtime import find_compiler
from sim.bench_extended import CASES

COLUMNS = [
    "device", "code", "read", "updated", "tap", "line", "radio", "card's", "module's line", "own",
    "own, new issuer", "to green", "C stack", "heap",
]  # fmt: skip


@click.command(
    epilog="""\b
Examples:
  tools/micropython.sh pico stage                  an image with that device frozen
  faretap pico records --device stage --taps 4
  faretap pico records --write docs/performance.md
"""
)
@click.option("--device", "names", multiple=True, type=click.Choice(list(CASES)), help="Only it.")
@click.option("--taps", type=click.IntRange(2), default=3, show_default=True, help="Of each row.")
@click.option(
    "--write",
    "page",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Put the table into this page, where it says <!-- measured: pico-records -->.",
)
def records(names, taps, page):
    """Where the time of a tap with records goes, with and without R-MAC.

    Emulated. Where an image with the device frozen was built it is taken, else its modules run
    out of a slot of the common one. A minute and more for each row.
    """
    from sim import pico_extended  # it imports the emulator

    rows = []
    for name in names or CASES:
        own = IMAGE.with_name(f"pico_{name}.uf2")
        image = own if own.exists() else IMAGE
        exists(image)
        for r_mac in (False, True):
            seen = pico_extended.measure(
                image, name, r_mac, taps, None if image == own else find_compiler(),
                lambda text: click.echo(text, err=True),
            )  # fmt: skip
            code = "frozen" if image == own else "slot"
            rows.append([f"{name}{', R-MAC' if r_mac else ''}", code, *cells(CASES[name], seen)])
    sheet = Sheet("pico-records", "Taps with records, emulated Pico", COLUMNS, rows, notes(taps))
    if page:
        put(page, sheet)
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(table(sheet))
    for note in sheet.notes:
        console.print(note, style="dim", markup=False)


def cells(case, seen):
    """Cells behind name and code: medians of those whose issuer is known."""
    from sim.pico_bench import median  # it imports the emulator

    known = seen[1:]
    splits = [one.split for one in known]
    times = [median([getattr(one, part) for one in splits])
             for part in ("total", "line", "radio", "card")]  # fmt: skip
    times += [median([one.module_ms for one in known]), median([one.own_ms for one in known])]
    times += [seen[0].own_ms, median([one.green for one in splits])]
    counts = [str(case.reads), str(case.updates)]
    memory = [
        f"{max(one.stack for one in seen):,}",
        f"{max(one.live for one in seen) / 1024:,.0f}",
    ]
    return [*counts, *(f"{ms:,.0f}" for ms in times), *memory]


def notes(taps):
    """Sentences under the table."""
    from sim.pico_extended import MODULE_BAUD  # as above

    return [
        "Milliseconds; emulated RP2040 at 125 MHz, no board. Medians of"
        f" {taps - 1} taps with a known issuer, RSA with e = 3; a simulated PSAM at UART 0"
        f" with {MODULE_BAUD} baud answers at once. Module's line: bytes on it while the card is"
        " not at work; not in the own share.",
        "C stack: most bytes in use, of 8,192; MicroPython stops a call at 7,936. Heap: KB in use"
        " behind a tap, of 240.",
    ]
