# SPDX-License-Identifier: Apache-2.0
"""Signing in and out, and one's own password."""

import hmac
import secrets

from starlette.responses import RedirectResponse, Response

from firmware.errors import FormatError
from host_tools.office.app import Go, Office, Shown, rendered
from host_tools.office.asked import Asked
from host_tools.office.people import NAME, SESSION_S, STOPPED

FORM_COOKIE = "faretap_form"
WRONG = "Name or password is wrong."


def login(office: Office, asked: Asked) -> Shown | Go | Response:
    """The form, with a token that only this browser has."""
    if asked.signed:
        return Go(_inside(asked.text("next")))
    return _form(office, asked, "")


def sign_in(office: Office, asked: Asked) -> Shown | Go | Response:
    """Name and password; throttled before the password is looked at."""
    brought, kept = asked.form.get("csrf", ""), asked.cookies.get(FORM_COOKIE, "")
    if len(kept) < 16 or not hmac.compare_digest(brought.encode(), kept.encode()):
        return _form(office, asked, "This form is out of date. Open it anew.", status=403)
    name = asked.form.get("name", "").strip().lower()
    named = name if NAME.fullmatch(name) else ""
    now_s = office.monotonic_s()
    wait_s = office.throttle.wait_s(named, asked.address, now_s)
    if wait_s:
        return _form(office, asked, "Too many tries. Wait {seconds} s.", 429, seconds=wait_s)
    person, password = office.people.kept(named)
    fits = office.passwords.fits(password, asked.form.get("password", ""))
    if person is None or not fits or person.state == STOPPED:
        office.throttle.failed(named, asked.address, now_s)
        who = person.name if person else "(unknown)"
        office.people.note(who, asked.address, "sign in", "", "wrong name or password")
        return _form(office, asked, WRONG, status=403)
    office.throttle.passed(named, asked.address)
    signed = office.people.sign_in(person, asked.address)
    office.people.note(person.name, asked.address, "sign in", person.role, "done")
    response = RedirectResponse(_inside(asked.text("next")), 303)
    response.set_cookie(
        office.cookie, signed.token, SESSION_S, secure=office.options.secure, httponly=True,
        samesite="lax", path="/",
    )  # fmt: skip
    response.delete_cookie(FORM_COOKIE, path="/login")
    return response


def sign_out(office: Office, asked: Asked) -> Response:
    """The session is over here and in the ledger."""
    assert asked.signed is not None
    office.people.sign_out(asked.signed.token)
    office.people.note(asked.person.name, asked.address, "sign out", "", "done")
    response = RedirectResponse("/login", 303)
    response.delete_cookie(office.cookie, path="/", secure=office.options.secure, httponly=True)
    return response


def account(office: Office, asked: Asked) -> Shown:
    """One's own name, role and password."""
    return Shown("account.html", {"said": ""})


def change_password(office: Office, asked: Asked) -> Shown | Go:
    """The old one has to be known; all browsers of this person sign in anew."""
    name = asked.person.name
    _, kept = office.people.kept(name)
    now_s = office.monotonic_s()
    if office.throttle.wait_s(name, asked.address, now_s):
        raise FormatError("too many tries: wait a while")
    with office.people.audited(name, asked.address, "change password", name):
        if not office.passwords.fits(kept, asked.form.get("old", "")):
            office.throttle.failed(name, asked.address, now_s)
            raise FormatError("the old password is another one")
        if asked.form.get("new", "") != asked.form.get("again", ""):
            raise FormatError("the new password was typed in two ways")
        office.people.change(name, password=office.passwords.keep(asked.form.get("new", ""), name))
    return Go("/login")


def _form(
    office: Office, asked: Asked, trouble: str, status: int = 200, seconds: int = 0
) -> Response:
    kept = asked.cookies.get(FORM_COOKIE, "")
    token = kept if 16 <= len(kept) <= 64 else secrets.token_urlsafe(24)
    values = {"trouble": trouble, "seconds": seconds, "token": token,
              "next": _inside(asked.text("next"))}  # fmt: skip
    response = rendered(office, asked, Shown("login.html", values, status))
    response.set_cookie(
        FORM_COOKIE, token, 3600, secure=office.options.secure, httponly=True,
        samesite="strict", path="/login",
    )  # fmt: skip
    return response


def _inside(path: str) -> str:
    """A path of these pages, never another site's."""
    good = path.startswith("/") and not path.startswith(("//", "/\\")) and len(path) < 200
    return path if good and "\n" not in path and "\r" not in path else "/"
