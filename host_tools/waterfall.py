# SPDX-License-Identifier: Apache-2.0
"""The exchanges of a tap as a waterfall of text: when each began, how long it took, what it said.

    0.0   14.2 |███                                     | SELECT 2PAY.SYS.DDF01 -> 9000

Input: "apdu" events of the firmware (command, answer as hex, us). Pure: text out.
"""

from host_tools.decode import explain_c_apdu, explain_r_apdu
from host_tools.decode_values import Row

WIDTH = 40
SELECT = 0xA4
LOST = "no answer: the card has gone"


def waterfall(presentations, tags=True):
    """Text of one or more presentations; `tags`: decoded objects below each exchange."""
    lines = []
    for number, events in enumerate(presentations, 1):
        if len(presentations) > 1:
            lines.append(f"presentation {number}")
        lines += _presentation(events, tags)
    return "\n".join(lines)


def _presentation(events, tags):
    total_us = sum(event["us"] for event in events) or 1
    began_us = 0
    lines = []
    for event in events:
        command, answer = bytes.fromhex(event["command"]), bytes.fromhex(event["answer"])
        lines.append(_bar(began_us, event["us"], total_us) + _headline(command, answer))
        if tags:
            lines += _objects(command, answer)
        began_us += event["us"]
    lines.append(f"{total_us / 1000:8.1f} ms in {len(events)} exchanges with the card")
    return lines


def _bar(began_us, us, total_us):
    before = min(WIDTH - 1, began_us * WIDTH // total_us)
    length = max(1, min(WIDTH - before, round(us * WIDTH / total_us)))
    bar = " " * before + "█" * length
    return f"{began_us / 1000:8.1f} {us / 1000:7.1f} |{bar:<{WIDTH}}| "


def _headline(command, answer):
    row, *below = explain_c_apdu(command)
    named = below[0].meaning if command[1] == SELECT else row.meaning
    words = f"{row.name} {named}".strip()
    return f"{words} -> {answer[-2:].hex().upper() if answer else LOST}"


def _objects(command, answer):
    rows: list[Row] = list(explain_c_apdu(command))[1:]
    rows += list(explain_r_apdu(answer)) if answer else []
    return [
        " " * 20
        + "  " * row.depth
        + f"{row.code} {row.name}: {row.meaning or row.value.hex().upper()}".rstrip()
        for row in rows
    ]
