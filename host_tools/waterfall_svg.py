# SPDX-License-Identifier: Apache-2.0
"""The waterfall of a tap as a picture (SVG): a bar an exchange, divided by where its time went.

Everything stands on a filled sheet, so that it reads on light and dark pages; each part has a
colour and a name with its sum, so that colour alone never says anything. Pure: a Tap in, text out.
"""

from xml.sax.saxutils import escape

from firmware.errors import FormatError
from host_tools.decode import explain_c_apdu
from host_tools.tap_times import AIR, CARD, CHIP, CRYPTO, HOST, LINK, PARTS, RADIO, Row, Tap

WIDTH, EDGE = 1000, 24
LEFT, RIGHT = 256, 892  # of the bars
ROW, BAR = 32, 18
COLOURS = {  # a set that people with one kind of colour blindness can tell apart (Okabe, Ito)
    LINK: "#0072b2",
    CHIP: "#8a94a1",
    RADIO: "#56b4e9",
    CARD: "#e69f00",
    AIR: "#56b4e9",
    HOST: "#009e73",
    CRYPTO: "#d55e00",
}
NAMES = {
    LINK: "link",
    CHIP: "chip",
    RADIO: "radio",
    CARD: "card",
    AIR: "card, radio, chip",
    HOST: "host",
    CRYPTO: "crypto",
}
INK, FAINT, SHEET, LINE = "#1b2430", "#46505d", "#f6f8fa", "#c5ccd6"
SIMULATED = (
    "Simulated: card, radio, chip and link take the time of the simulator's model; "
    "host and crypto are measured."
)
REAL = "Link: computed from bytes and speed. A chip does not say what card, radio and itself took."
STEPS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
TICKS_MOST = 9


def picture(tap: Tap, title: str) -> str:
    """The SVG text of a tap."""
    total_us = max(1, tap.total_us())
    top = 196
    floor = top + ROW * len(tap.rows)
    height = floor + 74
    words = f"{ms(total_us)} ms: " + ", ".join(
        f"{NAMES[part]} {ms(us)}" for part, us in tap.sums_us().items()
    )
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        'aria-labelledby="t d" font-family="Helvetica, Arial, sans-serif" font-size="13">',
        f'<title id="t">{escape(title)}</title>',
        f'<desc id="d">{escape(words)}</desc>',
        f'<rect x="4" y="4" width="{WIDTH - 8}" height="{height - 8}" rx="14" fill="{SHEET}" '
        f'stroke="{LINE}"/>',
        text(EDGE, 38, title, 18, INK, bold=True),
        text(EDGE, 60, SIMULATED if tap.simulated else REAL, 12.5, FAINT),
    ]
    drawn += summary(tap, total_us)
    drawn += grid(total_us, top - 8, floor)
    for number, row in enumerate(tap.rows):
        drawn += bar(row, top + number * ROW, total_us)
    drawn += foot(tap, floor)
    return "\n".join([*drawn, "</svg>", ""])


def summary(tap: Tap, total_us: int) -> list[str]:
    """The whole tap as one bar, and what each part sums up to."""
    drawn, x = [], float(EDGE)
    wide = WIDTH - 2 * EDGE
    sums = tap.sums_us()
    for part, us in sums.items():
        width = us * wide / total_us
        drawn.append(box(x, 78, width, 26, COLOURS[part]))
        x += width
    x = EDGE
    for part in legend(tap):
        us = sums.get(part, 0)
        words = f"{NAMES[part]} {ms(us)} ms"
        if us * 100 >= total_us:
            words += f", {100 * us / total_us:.0f} %"
        drawn += [box(x, 118, 14, 14, COLOURS[part]), text(x + 20, 130, words, 13, INK)]
        x += 40 + 6.6 * len(words)
    return drawn


def legend(tap: Tap) -> tuple[str, ...]:
    """The parts that are known of this tap, whether or not they took time."""
    known = (LINK, CHIP, RADIO, CARD, HOST) if tap.simulated else (LINK, AIR, HOST)
    return (*known, CRYPTO) if tap.crypto_told else known


def grid(total_us: int, top: float, floor: float) -> list[str]:
    """Lines of time, labelled above the bars."""
    step_ms = next((one for one in STEPS_MS if total_us / 1000 / one <= TICKS_MOST), STEPS_MS[-1])
    drawn = []
    for at_ms in range(0, total_us // 1000 + 1, step_ms):
        x = LEFT + at_ms * 1000 * (RIGHT - LEFT) / total_us
        drawn.append(f'<path d="M{x:.1f} {top}V{floor}" stroke="{LINE}"/>')
        drawn.append(text(x, top - 8, f"{at_ms}", 12, FAINT, "middle"))
    drawn.append(text(RIGHT + 72, top - 8, "ms", 12, FAINT, "end"))
    return drawn


def bar(row: Row, y: float, total_us: int) -> list[str]:
    """One row: its name, its parts from when it began, its time."""
    scale = (RIGHT - LEFT) / total_us
    drawn = [text(EDGE, y + 14, name_of(row), 13, INK)]
    x = LEFT + row.began_us * scale
    for part, us in row.parts:
        drawn.append(box(x, y, us * scale, BAR, COLOURS[part], f"{NAMES[part]} {ms(us)} ms"))
        x += us * scale
    if row.hidden_us:
        waiting_us = next(
            (at for at, part in row.starts() if part not in (HOST, CRYPTO)), row.began_us
        )
        begin = LEFT + waiting_us * scale
        told = f"crypto while the card was waited for: {ms(row.hidden_us)} ms"
        width = max(row.hidden_us * scale, 2)
        drawn.append(box(begin, y + BAR + 2, width, 4, COLOURS[CRYPTO], told))
    drawn.append(text(RIGHT + 72, y + 14, ms(row.total_us()), 13, INK, "end"))
    return drawn


def foot(tap: Tap, floor: float) -> list[str]:
    """What the bars do not say."""
    said = []
    if tap.hidden_us():
        hidden = (
            f"{ms(tap.hidden_us())} ms of crypto, hidden behind the time the card was waited for."
        )
        said.append("Below a bar: " + hidden)
    journal = tap.said.get("journal_us", "")
    if journal.isascii() and journal.isdigit():
        took = ms(int(journal[:9]))
        said.append(f"Of the host's time, writing the journal took {took} ms.")
    said.append("The parts of a bar are drawn one behind the other; their order is not measured.")
    return [text(EDGE, floor + 20 + 17 * at, one, 12, FAINT) for at, one in enumerate(said)]


def name_of(row: Row) -> str:
    """What a row is for, in words."""
    if not row.c_apdu:
        return row.name
    try:
        first, *below = list(explain_c_apdu(row.c_apdu))
    except FormatError:
        return row.c_apdu[:8].hex().upper()
    ins = row.c_apdu[1]
    if ins == 0xA4 and below:
        name = bytes(below[0].value)
        shown = (
            name.decode("ascii") if name.isascii() and name.decode("ascii").isprintable() else ""
        )
        return "SELECT " + (shown or name.hex().upper())[:20]
    if ins == 0xB2:
        return "READ RECORD " + place(row.c_apdu)
    if ins == 0xCA:
        return "GET DATA " + tag(row.c_apdu)
    return "GPO" if ins == 0xA8 else first.name


def place(c_apdu: bytes) -> str:
    return f"{c_apdu[2]} of file {c_apdu[3] >> 3}"


def tag(c_apdu: bytes) -> str:
    return c_apdu[2:4].hex().upper().removeprefix("00")


def table(tap: Tap) -> str:
    """The same as text: a line a row, a column a part, in ms."""
    parts = [part for part in PARTS if part in tap.sums_us()]
    head = ["from", *parts, "all"]
    lines = [" " * 28 + "".join(f"{one:>9}" for one in head)]
    for row in tap.rows:
        sums = [sum(us for kind, us in row.parts if kind == part) for part in parts]
        numbers = [row.began_us, *sums, row.total_us()]
        lines.append(f"{name_of(row):28}" + "".join(f"{ms(us):>9}" for us in numbers))
    numbers = [*tap.sums_us().values(), tap.total_us()]
    lines.append(f"{'':37}" + "".join(f"{ms(us):>9}" for us in numbers))
    return "\n".join(lines)


def ms(us: int) -> str:
    return f"{us / 1000:.1f}"


def text(x, y, words, size, colour, anchor="start", bold=False) -> str:
    more = ' font-weight="bold"' if bold else ""
    more += f' text-anchor="{anchor}"' if anchor != "start" else ""
    where = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}"'
    return f"<text {where}{more}>{escape(words)}</text>"


def box(x, y, width, height, colour, told="") -> str:
    where = f'x="{x:.2f}" y="{y:.1f}" width="{max(width, 0.4):.2f}" height="{height}"'
    if not told:
        return f'<rect {where} fill="{colour}"/>'
    return f'<rect {where} fill="{colour}"><title>{escape(told)}</title></rect>'
