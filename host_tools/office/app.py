# SPDX-License-Identifier: Apache-2.0
"""The application: takes a request through guard, door and permission to its handler and back.

A handler is a plain function (office, asked) -> Shown or Go; it runs in one of a few threads, with
a limit to what it may ask of the database, and raises FormatError for what cannot be, Missing for
what is not there.
"""

import hmac
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import anyio
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from firmware.errors import FormatError
from host_tools.ledger import rollout
from host_tools.ledger.ledger import Ledger
from host_tools.office import asked as asking
from host_tools.office import limits
from host_tools.office.asked import Asked
from host_tools.office.figures import Figures
from host_tools.office.guard import Guarded
from host_tools.office.passwords import Passwords
from host_tools.office.people import DONE, People, masked
from host_tools.office.shown import LANGUAGES, Go, Pages, Shown
from host_tools.office.throttle import Throttle

STYLE = Path(__file__).parent / "pages" / "office.css"
THREADS = 8  # handlers at a time
LANG_COOKIE = "faretap_lang"
YEAR_S = 365 * 86400
log = logging.getLogger("faretap.office")


class Missing(FormatError):
    """What was asked for is not there."""


@dataclass(frozen=True)
class Options:
    """How the pages are offered.

    secure: browsers come by TLS, here or at a proxy in front; names: host names it may be called
    by; metrics_token: what Prometheus brings, None for no metrics; told: what the record of a
    shift's closing says (settlement.statements); simulated: said on every page.
    """

    secure: bool = False
    names: frozenset[str] = frozenset()
    metrics_token: str | None = None
    simulated: bool = False
    lost_after_s: int = 24 * 3600
    told: Callable[[dict], tuple[int, int] | None] = lambda _: None


@dataclass
class Office:
    """What handlers have at hand."""

    ledger: Ledger
    options: Options
    figures: Figures
    people: People
    pages: Pages
    passwords: Passwords = field(default_factory=Passwords)
    throttle: Throttle = field(default_factory=Throttle)
    monotonic_s: Callable[[], float] = time.monotonic

    @property
    def cookie(self) -> str:
        """Name of the session's cookie; with TLS no other host and no plain page can set it."""
        return ("__Host-" if self.options.secure else "") + "faretap_office"

    def now(self) -> int:
        """Seconds UTC."""
        return int(self.ledger.time_utc_s())


Handler = Callable[[Office, Asked], Shown | Go | Response]


@dataclass(frozen=True)
class Page:
    """A row of the table of pages. permission None: for anybody."""

    method: str
    path: str
    permission: str | None
    handler: Handler


def make_office(ledger: Ledger, options: Options, passwords: Passwords | None = None) -> Office:
    """The parts around a ledger, whose questions are bounded from here on."""
    limits.bound(ledger.engine)
    people = People(ledger)

    def watch() -> None:
        for number in rollout.watch(ledger):
            people.note("(office)", "", "halt roll-out", f"{number}: failed too often", DONE)

    return Office(
        ledger,
        options,
        Figures(ledger, options.lost_after_s, watch),
        people,
        Pages(ledger.calendar.utc_offset_s),
        passwords or Passwords(),
    )


def make_app(office: Office, pages: list[Page]) -> Guarded:
    """The ASGI application of a table of pages."""
    turns = anyio.CapacityLimiter(THREADS)
    routes = [
        Route(page.path, _endpoint(office, page, turns), methods=[page.method]) for page in pages
    ]

    async def style(request: Request) -> Response:
        return FileResponse(STYLE, headers={"cache-control": "no-cache"})

    async def nothing(request: Request, fault: Exception) -> Response:
        given = _asked(office, request, {}, {})
        status = getattr(fault, "status_code", 404)
        words = Shown("trouble.html", {"what": "There is no such page."}, status)
        return await anyio.to_thread.run_sync(rendered, office, given, words, limiter=turns)

    routes.append(Route("/office.css", style))
    handlers = {404: nothing, 405: nothing}
    made = Starlette(routes=routes, exception_handlers=handlers)
    return Guarded(made, office.options.names, office.options.secure)


def _endpoint(office: Office, page: Page, turns: anyio.CapacityLimiter):
    async def answer(request: Request) -> Response:
        query: dict[str, str] = {}
        try:
            query = asking.read_pairs(request.url.query, "query")
            form = await asking.read_form(request) if page.method == "POST" else {}
        except FormatError as wrong:
            given = _asked(office, request, {}, {})
            shown: Shown | None = _trouble(wrong, 400)
        else:
            given, shown = _asked(office, request, query, form), None
        return await anyio.to_thread.run_sync(_answer, office, page, given, shown, limiter=turns)

    return answer


def _asked(office: Office, request: Request, query: dict, form: dict) -> Asked:
    lang = query.get("lang") or request.cookies.get(LANG_COOKIE, "")
    return Asked(
        method=request.method,
        path=request.url.path,
        at={name: str(value) for name, value in request.path_params.items()},
        query=query,
        form=form,
        address=request.client.host if request.client else "",
        lang=lang if lang in LANGUAGES else "both",
        cookies=request.cookies,
        bearer=request.headers.get("authorization", "").removeprefix("Bearer ").strip(),
    )


def _answer(office: Office, page: Page, given: Asked, shown: Shown | None) -> Response:
    try:
        with limits.within(limits.PAGE_S):
            signed = office.people.signed(given.cookies.get(office.cookie, ""))
            given = Asked(**{**given.__dict__, "signed": signed})
            answer = shown or _permitted(office, page, given) or page.handler(office, given)
            return rendered(office, given, answer)
    except Missing as wrong:
        answer = _trouble(wrong, 404)
    except FormatError as wrong:
        answer = _trouble(wrong, 400)
    except SQLAlchemyError as failed:
        if limits.is_over(failed):
            answer = Shown("trouble.html", {"what": "This took too long. Ask for less."}, 503)
        else:
            log.error("%s: the database: %s", page.path, type(failed).__name__)
            answer = Shown("trouble.html", {"what": "The database does not answer."}, 503)
    return rendered(office, given, answer)


def _trouble(wrong: FormatError, status: int) -> Shown:
    """A sentence may repeat what was typed: no card number leaves here (CL-016)."""
    return Shown("trouble.html", {"what": masked(str(wrong))}, status)


def _permitted(office: Office, page: Page, given: Asked) -> Shown | Go | None:
    """None where the page may be answered."""
    if page.permission is None:
        return None
    if given.signed is None:
        wanted = quote(given.path) if given.method == "GET" else "/"
        return Go("/login" + (f"?next={wanted}" if wanted != "/" else ""))
    if not given.person.may(page.permission):
        office.people.note(given.person.name, given.address, "denied", given.path, "not allowed")
        return Shown("trouble.html", {"what": "Your role does not allow this."}, 403)
    brought = given.form.get("csrf", "")
    if page.method == "POST" and not hmac.compare_digest(
        brought.encode(), given.signed.csrf.encode()
    ):
        return Shown("trouble.html", {"what": "This form is out of date. Open it anew."}, 403)
    return None


def rendered(office: Office, given: Asked, answer: Shown | Go | Response) -> Response:
    if isinstance(answer, Response):
        return answer
    if isinstance(answer, Go):
        return RedirectResponse(answer.path, 303)
    html = office.pages.render(
        answer.template,
        given.lang,
        signed=given.signed,
        here=given.path if answer.status == 200 else "/",
        simulated=office.options.simulated,
        now=office.now(),
        query={name: value for name, value in given.query.items() if name != "lang"},
        **answer.values,
    )
    response = HTMLResponse(html, answer.status)
    if given.query.get("lang") in LANGUAGES:
        response.set_cookie(
            LANG_COOKIE, given.lang, YEAR_S, secure=office.options.secure, httponly=True,
            samesite="lax",
        )  # fmt: skip
    return response
