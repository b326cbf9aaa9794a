# SPDX-License-Identifier: Apache-2.0
"""The web side of a tabletop (sim/tabletop.py): one page, one stream of events, a few POSTs.

    GET  /                      the page; /panel.css, /panel.js
    GET  /events                server-sent events, JSON; the first is `state`
    GET  /waterfall.svg         where the last tap's time went; 404 before the first
    POST /tap?card=A&card=B     cards come together, stay until the result, and go
    POST /hold?card=A  /leave?card=A
    POST /tear?card=A&where=late|middle|early
    POST /say?where=WORD        a word to what stands beside the terminal (sim/tabletop_beside.py)
    POST /plug                  power off and on

A POST answers 204; 404 for a card that is not there, 400 for other words, 429 while all hands are
full, or nobody knows the word. `table` is handed in: listen(heard), state(), waterfall, tap, hold,
leave, tear, say, pull_plug.
"""

import asyncio
import json
from pathlib import Path

from starlette.applications import Starlette
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from host_tools.waterfall_svg import ms, picture

HERE = Path(__file__).parent
FILES = {"/": "panel.html", "/panel.css": "panel.css", "/panel.js": "panel.js"}
QUEUE_MOST = 500  # events a browser may lag behind; then it has to connect again
CARDS_MOST = 8  # at once
BEAT_S = 10  # a comment so often, so that a browser that has gone is noticed


def make_app(table, facts):
    """The application; facts: dict that the page gets with the state (tones, prompts, title)."""

    async def events(request):
        return StreamingResponse(
            _stream(table, facts),
            media_type="text/event-stream",
            headers={"cache-control": "no-store"},
        )

    async def waterfall(request):
        tap = table.waterfall
        if tap is None:
            return PlainTextResponse("no tap yet", 404)
        svg = picture(tap, f"The last tap: where its {ms(tap.total_us())} ms went")
        headers = {"cache-control": "no-store"}
        return Response(svg, media_type="image/svg+xml", headers=headers)

    routes = [
        Route("/events", events),
        Route("/waterfall.svg", waterfall),
        *(Route(path, _file(name)) for path, name in FILES.items()),
        *(Route("/" + name, _action(act), methods=["POST"]) for name, act in _actions(table)),
    ]
    app = Starlette(routes=routes)
    app.state.table = table
    return app


def _file(name):
    async def answer(request):
        return FileResponse(HERE / name, headers={"cache-control": "no-cache"})

    return answer


def _actions(table):
    """(path, function of (cards, where)) of what a hand can do."""
    return (
        ("tap", lambda cards, where: table.tap(cards)),
        ("hold", lambda cards, where: table.hold(*cards)),
        ("leave", lambda cards, where: table.leave(*cards)),
        ("tear", lambda cards, where: table.tear(*cards, where)),
        ("say", lambda cards, where: table.say(where)),
        ("plug", lambda cards, where: table.pull_plug()),
    )


def _action(act):
    async def answer(request):
        asked = request.query_params
        cards = asked.getlist("card")
        known = {one["name"] for one in request.app.state.table.cards()}
        if not set(cards) <= known:
            return PlainTextResponse("no such card", 404)
        if len(cards) > CARDS_MOST or len(set(cards)) < len(cards):
            return PlainTextResponse("too many cards, or one of them twice", 400)
        try:
            is_done = act(cards, asked.get("where", "late"))
        except (KeyError, TypeError):
            return PlainTextResponse("see the list of actions in host_tools/panel/server.py", 400)
        return Response(status_code=204) if is_done else PlainTextResponse("busy", 429)

    return answer


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
