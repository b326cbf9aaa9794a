# SPDX-License-Identifier: Apache-2.0
"""What a gate must agree on at the end of a day: people paid for, passed, counted by the lane.

Each who was let in ended in one of three ways (TD-060): passed, not passed, or nobody knows.
Whoever did not pass may have come again without paying. The lane has counted by its own beams.
"""

from collections import Counter

from firmware.devices.gate import GATE_DATA
from firmware.formats import fields, record

LET_IN = ("ticket_ok", "pass_valid", "free_ride", "staff")
ALARMS = ("tailgating", "reverse", "intrusion", "lane_blocked")


def gate_balance(gate, records):
    """(facts, faults). gate: VirtualGate; records: dicts, oldest first."""
    people = _people(records)
    let_in = people["paid"] + people["ticket_ok"] + people["re_entry"]
    ended = people["passed"] + people["not_passed"] + people["unknown"]
    faults = []
    if let_in != ended:
        faults.append(f"{let_in} people were let in, of {ended} it is written how that ended")
    if people["re_entry"] > people["not_passed"] + people["unknown"]:
        faults.append("more people came again than had not passed")
    seen = people["passed"] + people["stray"] + people["free"]
    alarms = sum(people[word] for word in ALARMS)
    # whoever went while the terminal was gone is unknown, and of two in an alarm one may be seen
    if not 0 <= gate.passed - seen <= people["unknown"] + alarms:
        faults.append(f"{gate.passed} went through the lane, the journal knows of {seen}")
    facts = {
        "people paid for": people["paid"],
        "people with an e-ticket": people["ticket_ok"],
        "  passed": people["passed"],
        "  did not pass": people["not_passed"],
        "  nobody knows": people["unknown"],
        "  of these came again, not charged": people["re_entry"],
        "went through unpaid, seen": people["stray"],
        "went through in the fire drill": people["free"],
        "counted by the lane": gate.passed,
        "alarms": alarms,
    }
    return {words: count for words, count in facts.items() if count}, faults


def _people(records):
    """Counter of people by what is written of them; alarms are counted once each."""
    people: Counter = Counter()
    for values in records:
        reason = values["reason"]
        if values["kind"] == record.APPROVED:
            people["paid"] += values["riders"] or 1
        elif values["kind"] != record.EVENT:
            continue
        elif reason in LET_IN:
            people["ticket_ok"] += values["riders"]
        elif reason == "fire_over":
            people["free"] += fields.unpack(GATE_DATA, values["trade_data"])["count"]
        else:
            people[reason] += values["riders"] or 1
    return people
