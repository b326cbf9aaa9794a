# SPDX-License-Identifier: Apache-2.0
"""Pages of operators and administrators: serve and stop terminals, people, the audit log."""

from firmware.errors import FormatError
from host_tools.ledger import registry
from host_tools.ledger.sitting import TERMINAL_MOST
from host_tools.office.app import Go, Office, Shown
from host_tools.office.asked import Asked
from host_tools.office.people import ACTIVE, ROLES, STOPPED

LOG_ROWS = 100


def stop_terminal(office: Office, asked: Asked) -> Go:
    """Refuse its batches from here on."""
    number = asked.number("terminal", 1, TERMINAL_MOST) or 0
    with office.people.audited(asked.person.name, asked.address, "stop terminal", str(number)):
        registry.stop(office.ledger, number)
    return Go(f"/terminals/{number}")


def serve_terminal(office: Office, asked: Asked) -> Go:
    """Take its batches again."""
    number = asked.number("terminal", 1, TERMINAL_MOST) or 0
    with office.people.audited(asked.person.name, asked.address, "serve terminal", str(number)):
        registry.enrol(office.ledger, [number])
    return Go(f"/terminals/{number}")


def people(office: Office, asked: Asked) -> Shown:
    """Everybody with a name here."""
    return Shown("people.html", {"rows": office.people.all(), "roles": tuple(ROLES)})


def add_person(office: Office, asked: Asked) -> Go:
    """Somebody new, with a first password."""
    name, role = asked.text("name").lower(), asked.choice("role", tuple(ROLES))
    with office.people.audited(asked.person.name, asked.address, "add user", f"{name} {role}"):
        office.people.add(name, role, office.passwords.keep(asked.form.get("password", ""), name))
    return Go("/people")


def change_person(office: Office, asked: Asked) -> Go:
    """Another role, or stopped, or active again; not oneself, so that one admin is left."""
    name, role = asked.text("name"), asked.choice("role", tuple(ROLES))
    state = asked.choice("state", (ACTIVE, STOPPED))
    what = {key: value for key, value in (("role", role), ("state", state)) if value}
    about = " ".join([name, *what.values()])
    with office.people.audited(asked.person.name, asked.address, "change user", about):
        if name == asked.person.name:
            raise FormatError("nobody changes his own role: another admin does")
        if not what:
            raise FormatError("say what to change")
        office.people.change(name, **what)
    return Go("/people")


def audit(office: Office, asked: Asked) -> Shown:
    """Who did what, the newest first."""
    rows = office.people.log(asked.number("before", 1, 0x7FFFFFFF) or 0, LOG_ROWS + 1)
    values = {"rows": rows[:LOG_ROWS], "more": len(rows) > LOG_ROWS}
    return Shown("audit.html", values)
