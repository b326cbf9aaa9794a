# SPDX-License-Identifier: Apache-2.0
"""Pages of roll-outs: which file goes to whom, how far it has come, halt, resume (TD-020)."""

from firmware.errors import FormatError
from host_tools.ledger import files, rollout, rollout_members
from host_tools.ledger.rollout_members import FAILURES, STANDINGS
from host_tools.office import fleet
from host_tools.office.app import Go, Missing, Office, Shown
from host_tools.office.asked import PAGE_ROWS, Asked, whole

SHOWN_MOST = 50
FAILURES_MOST = 10_000
HOURS_MOST = 24 * 60


def listed(office: Office, asked: Asked) -> Shown:
    """All roll-outs, the newest first, and what is registered and has never gone out."""
    rows = rollout.rollouts(office.ledger)
    gone = {(one.kind, one.version) for one in rows}
    waiting = [
        one for one in files.listed(office.ledger) if (one.kind, one.version) not in gone
    ]  # fmt: skip
    seen = office.figures.seen
    values = {
        "rows": rows[:SHOWN_MOST],
        "progress": seen.rollouts if seen else {},
        "waiting": waiting[:SHOWN_MOST],
        "operators": fleet.operators(office.ledger),
        "most": rollout.MOST_FAILURES,
        "hours": rollout.SILENT_S // 3600,
    }
    return Shown("rollouts.html", values)


def one(office: Office, asked: Asked) -> Shown:
    """One of them, terminal by terminal."""
    number = asked.number("rollout", 1, 0x7FFFFFFF) or 0
    try:
        found = rollout.one(office.ledger, number)
    except FormatError as wrong:
        raise Missing(str(wrong)) from wrong
    standing = asked.choice("standing", STANDINGS)
    members = rollout_members.members(office.ledger, number)
    chosen = [member for member in members if standing in ("", member.standing)]
    values = {
        "found": found,
        "counts": [
            (word, sum(member.standing == word for member in members)) for word in STANDINGS
        ],
        "failures": FAILURES,
        "all": len(members),
        "standing": standing,
        "rows": chosen[asked.offset : asked.offset + PAGE_ROWS],
        "more": len(chosen) > asked.offset + PAGE_ROWS,
        "offset": asked.offset,
        "step": PAGE_ROWS,
    }  # fmt: skip
    return Shown("rollout.html", values)


def start(office: Office, asked: Asked) -> Go:
    """The first wave of a registered file."""
    kind, _, version = asked.text("file").partition(" ")
    percent, terminals = _percent(asked), _terminals(asked)
    about = f"{kind} {version}: {percent or 0:g} %, terminals {terminals or '-'}"
    with office.people.audited(asked.person.name, asked.address, "start roll-out", about):
        number = rollout.start(
            office.ledger,
            kind,
            whole(version, "version", 1, 0xFFFFFFFF),
            percent or 0,
            terminals,
            asked.text("operator"),
            asked.number("most", 0, FAILURES_MOST) or 0,
            (asked.number("hours", 1, HOURS_MOST) or 24) * 3600,
        )
    return Go(f"/rollouts/{number}")


def widen(office: Office, asked: Asked) -> Go:
    """The next wave."""
    percent, terminals = _percent(asked), _terminals(asked)
    if percent is None and not terminals:
        raise FormatError("say a share, or terminals by number")
    about = f"{percent if percent is not None else '-'} %, terminals {terminals or '-'}"

    def act(number: int) -> None:
        rollout.widen(office.ledger, number, percent, terminals)

    return _done(office, asked, "widen roll-out", about, act)


def halt(office: Office, asked: Asked) -> Go:
    """Offer it to nobody from here on."""
    why = asked.text("why")[:100]
    said = f"{asked.person.name}: {why}" if why else asked.person.name
    return _done(office, asked, "halt roll-out", why,
                 lambda number: rollout.halt(office.ledger, number, said))  # fmt: skip


def resume(office: Office, asked: Asked) -> Go:
    """Go on, with as many failures as are allowed from here on."""
    most = asked.number("most", 0, FAILURES_MOST)
    return _done(office, asked, "resume roll-out", f"failures {most}",
                 lambda number: rollout.resume(office.ledger, number, most))  # fmt: skip


def roll_back(office: Office, asked: Asked) -> Go:
    """Take the offer back for good."""
    why = asked.text("why")[:100]
    said = f"{asked.person.name}: {why}" if why else asked.person.name
    return _done(office, asked, "roll back", why,
                 lambda number: rollout.roll_back(office.ledger, number, said))  # fmt: skip


def _done(office: Office, asked: Asked, did: str, about: str, act) -> Go:
    number = asked.number("rollout", 1, 0x7FFFFFFF) or 0
    person = asked.person
    with office.people.audited(person.name, asked.address, did, f"{number}: {about}"):
        act(number)
    return Go(f"/rollouts/{number}")


def _percent(asked: Asked) -> float | None:
    text = asked.text("percent")
    if not text:
        return None
    units, _, cents = text.partition(".")
    if not (units.isascii() and units.isdigit() and len(units) < 4):
        raise FormatError("a share is said in per cent: 5 or 0.5")
    if cents and not (cents.isascii() and cents.isdigit() and len(cents) < 3):
        raise FormatError("a share is said in per cent: 5 or 0.5")
    return float(text)


def _terminals(asked: Asked) -> list[int]:
    words = asked.text("terminals").replace(",", " ").split()
    return [whole(word, "terminal", 1, 0xFFFFFFFF) for word in words]
