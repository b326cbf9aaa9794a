# SPDX-License-Identifier: Apache-2.0
"""The web side of a tabletop (sim/tabletop.py): one page, one stream of events, a few POSTs.

    GET  /                      the page, and its files of FILES
    GET  /events                server-sent events, JSON; the first is `state`
    GET  /waterfall.svg         where the last tap's time went; 404 before the first
    GET  /ticket/NAME.svg       the QR code of a ticket; 404 where there is none
    POST /tap?card=A&card=B     cards come together, stay until the result, and go
    POST /hold?card=A  /leave?card=A
    POST /tear?card=A&where=late|middle|early
    POST /say?part=NAME&word=WORD       to a machine beside the terminal
    POST /plug?where=out|in     power
    POST /link?where=off|on     the collector

A POST answers 204; 404 for a card that is not there, 409 with a sentence for what cannot be now,
400 for whatever is not written above, 429 while all hands are full. It has no body. Browsers send
their POSTs from this page alone: another page's are refused (403), and so is a name for this
machine that is not its own, as a foreign page may point one at it.

`table` is handed in: listen(heard), state(), cards(), waterfall, hand, say, plugs and links.
"""

import asyncio
import ipaddress
import json
from pathlib import Path

from starlette.applications import Starlette
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from firmware.errors import FormatError
from host_tools.waterfall_svg import ms, picture

HERE = Path(__file__).parent
FILES = {
    "/": "panel.html",
    "/panel.css": "panel.css",
    "/machines.css": "machines.css",
    "/panel.js": "panel.js",
    "/terminal.js": "terminal.js",
    "/wallet.js": "wallet.js",
    "/machines.js": "machines.js",
    "/records.js": "records.js",
    "/holds.js": "holds.js",
    "/people.js": "people.js",
    "/words.js": "words.js",
}
QUEUE_MOST = 500  # events a browser may lag behind; then it has to connect again
BROWSERS_MOST = 24
CARDS_MOST = 8  # at once
WORD_MOST = 64
BEAT_S = 10  # a comment so often, so that a browser that has gone is noticed
FRESH = {"cache-control": "no-store"}
# What the page may load: nothing from elsewhere
GUARD = (
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)


def make_app(table, facts, codes=None):
    """The application; facts: dict that the page gets with the state (tones, prompts, title);
    codes: {name: SVG bytes} of tickets.
    """
    codes = codes or {}

    async def events(request):
        if len(table.listeners) >= BROWSERS_MOST:
            return PlainTextResponse("too many browsers look at this terminal", 503)
        stream = _stream(table, facts)
        return StreamingResponse(stream, media_type="text/event-stream", headers=FRESH)

    async def waterfall(request):
        tap = table.waterfall
        if tap is None:
            return PlainTextResponse("no tap yet", 404)
        svg = picture(tap, f"The last tap: where its {ms(tap.total_us())} ms went")
        return Response(svg, media_type="image/svg+xml", headers=FRESH)

    async def ticket(request):
        svg = codes.get(request.path_params["name"])
        if svg is None:
            return PlainTextResponse("no such ticket", 404)
        return Response(svg, media_type="image/svg+xml", headers=FRESH)

    routes = [
        Route("/events", events),
        Route("/waterfall.svg", waterfall),
        Route("/ticket/{name}.svg", ticket),
        *(Route(path, _file(name)) for path, name in FILES.items()),
        *(Route("/" + name, _action(table, *row), methods=["POST"]) for name, row in ACTS.items()),
    ]
    return Guarded(Starlette(routes=routes))


class Guarded:
    """The application for this machine's own name and page."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        headers = dict(scope.get("headers", ()))
        host = headers.get(b"host", b"").decode("latin-1")
        origin = headers.get(b"origin")
        if scope["type"] != "http" or not is_own(host):
            await PlainTextResponse("not a name of this machine", 400)(scope, receive, send)
        elif origin is not None and origin.decode("latin-1") != f"http://{host}":
            await PlainTextResponse("asked by another page", 403)(scope, receive, send)
        else:
            await self.app(scope, receive, _with_guard(send))


def _with_guard(send):
    async def answer(message):
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *GUARD]}
        await send(message)

    return answer


def is_own(host):
    """True for `localhost` and for addresses, with or without a port; not for names."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name == "localhost":
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _file(name):
    async def answer(request):
        return FileResponse(HERE / name, headers={"cache-control": "no-cache"})

    return answer


# --- what a hand can do: path -> (keys of the query, words of `where`, action(table, asked))

SIDES = ("out", "in")
MOMENTS = ("late", "middle", "early")
SWITCHED = ("off", "on")


def _tap(table, asked):
    return table.hand.tap(asked["card"])


def _hold(table, asked):
    return table.hand.hold(one_card(asked))


def _leave(table, asked):
    return table.hand.leave(one_card(asked))


def _tear(table, asked):
    return table.hand.tear(one_card(asked), asked["where"])


def _say(table, asked):
    return table.say(asked["part"], asked["word"])


def _plug(table, asked):
    return table.pull_plug() if asked["where"] == "out" else table.plug_in()


def _link(table, asked):
    return table.cut_link() if asked["where"] == "off" else table.mend_link()


ACTS = {
    "tap": (("card",), (), _tap),
    "hold": (("card",), (), _hold),
    "leave": (("card",), (), _leave),
    "tear": (("card", "where"), MOMENTS, _tear),
    "say": (("part", "word"), (), _say),
    "plug": (("where",), SIDES, _plug),
    "link": (("where",), SWITCHED, _link),
}


def one_card(asked):
    """FormatError for more than one card."""
    if len(asked["card"]) != 1:
        raise FormatError("one card, please")
    return asked["card"][0]


def read_query(pairs, keys, words):
    """{key: text, card: [names]} of a query, every key of `keys` once, `card` up to CARDS_MOST
    times, each another; FormatError for anything else.
    """
    found: dict = {}
    for key, value in pairs:
        if key not in keys:
            raise FormatError(f"unknown key {key[:WORD_MOST]}")
        if not 0 < len(value) <= WORD_MOST:
            raise FormatError(f"{key} has 1 to {WORD_MOST} signs")
        if key == "card":
            found.setdefault("card", []).append(value)
        elif key in found:
            raise FormatError(f"{key} stands twice")
        else:
            found[key] = value
    missing = [key for key in keys if key not in found]
    if missing:
        raise FormatError(f"{missing[0]} is missing")
    cards = found.get("card", ())
    if len(cards) > CARDS_MOST or len(set(cards)) < len(cards):
        raise FormatError("too many cards, or one of them twice")
    if "where" in keys and found["where"] not in (words or (found["where"],)):
        raise FormatError(f"where is {', '.join(words)}")
    return found


def _action(table, keys, words, act):
    async def answer(request):
        try:
            if request.headers.get("content-length", "0") != "0" or await _has_body(request):
                raise FormatError("a POST has no body here")
            asked = read_query(request.query_params.multi_items(), keys, words)
        except FormatError as wrong:
            return PlainTextResponse(str(wrong), 400)
        if not set(asked.get("card", ())) <= {one["name"] for one in table.cards()}:
            return PlainTextResponse("no such card", 404)
        try:
            is_done = await asyncio.to_thread(act, table, asked)
        except (FormatError, OSError) as wrong:
            return PlainTextResponse(str(wrong), 409)
        return Response(status_code=204) if is_done else PlainTextResponse("busy", 429)

    return answer


async def _has_body(request):
    async for piece in request.stream():
        if piece:
            return True
    return False


# --- what is seen


async def _stream(table, facts):
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue = asyncio.Queue(QUEUE_MOST)
    lagging = asyncio.Event()  # too far behind: the browser connects again and gets the state

    def put(event):
        if queue.full():
            lagging.set()
        else:
            queue.put_nowait(event)

    def heard(event):
        if not loop.is_closed():
            loop.call_soon_threadsafe(put, event)

    stop = table.listen(heard)
    try:
        yield _message({**table.state(), **facts})
        while not lagging.is_set():
            try:
                yield _message(await asyncio.wait_for(queue.get(), BEAT_S))
            except TimeoutError:
                yield ": still here\n\n"
    finally:
        stop()


def _message(event):
    return "data: " + json.dumps(event, ensure_ascii=False) + "\n\n"
