# SPDX-License-Identifier: Apache-2.0
"""Frames over HTTP: POST /frames with one or more, as many answers come back in their order.

| status | body | when |
|---|---|---|
| 200 | an answer for each frame | each frame was looked at; what is acknowledged is committed |
| 400 | REJECT damaged | the body is no row of whole frames; nothing was looked at |
| 405, 404 | - | another method, another path |
| 408 | - | the body did not come in BODY_S |
| 413 | - | more than BODY_MOST bytes or FRAMES_MOST frames |
| 415 | - | another content type |
| 500 | - | the collector had a fault with it: send it again |
| 503 | REJECT later | too much is waiting, Retry-After says how long to stay away |

Frames of one body are answered one after the other, as on any line. The content type is ours; what
is in a frame is nobody's business here.
"""

import asyncio
import contextlib
import socket
import ssl
import threading

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from firmware.formats.batch import CRC_BYTES, FRAME_MOST, HEADER_BYTES, whole
from host_tools.asking import Asking
from host_tools.collector import busy, damaged

PATH = "/frames"
CONTENT_TYPE = "application/vnd.faretap.frames"
BODY_MOST = 4 * FRAME_MOST
FRAMES_MOST = 64
BODY_S = 30.0
REQUEST_S = 15.0  # from connecting to the end of the first request's head
KEEP_S = 75  # a connection without requests
RETRY_S = 5
LINES_MOST = 256


class Refused(Exception):
    """A body that is not taken: the status, and an answer frame where there is one."""

    def __init__(self, status: int, answer: bytes = b""):
        super().__init__(status)
        self.status, self.answer = status, answer


def application(asking: Asking, body_s: float = BODY_S) -> Starlette:
    """The ASGI application."""

    async def frames(request: Request) -> Response:
        try:
            if request.headers.get("content-type", "").partition(";")[0] != CONTENT_TYPE:
                raise Refused(415)
            async with asyncio.timeout(body_s):
                body = await _body(request)
            return _said(200, await _answers(asking, _split(body)))
        except TimeoutError:
            return _said(408)
        except ClientDisconnect:
            return _said(400)
        except Refused as refused:
            return _said(refused.status, refused.answer)

    return Starlette(routes=[Route(PATH, frames, methods=["POST"])])


def _said(status: int, body: bytes = b"") -> Response:
    headers = {"Retry-After": str(RETRY_S)} if status == 503 else {}
    if status in (408, 413):  # what is still to come of the body is not waited for
        headers["Connection"] = "close"
    return Response(body, status, headers, media_type=CONTENT_TYPE)


async def _body(request: Request) -> bytes:
    said = request.headers.get("content-length", "0")
    if not said.isdigit() or int(said) > BODY_MOST:
        raise Refused(413)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_MOST:
            raise Refused(413)
    return bytes(body)


def _split(body: bytes) -> list[bytes]:
    """The frames that a body consists of; Refused where anything else is in it."""
    frames = []
    while body:
        size = HEADER_BYTES + int.from_bytes(body[4:6], "big") + CRC_BYTES
        if not whole(body[:size]):
            raise Refused(400, damaged("the body is no row of whole frames"))
        frames.append(body[:size])
        body = body[size:]
        if len(frames) > FRAMES_MOST:
            raise Refused(413)
    if not frames:
        raise Refused(400, damaged("the body is no row of whole frames"))
    return frames


async def _answers(asking: Asking, frames: list[bytes]) -> bytes:
    answers = []
    for frame in frames:
        waiting = asking.ask(frame)
        if waiting is None and not answers:
            raise Refused(503, busy())
        answer = await asyncio.wrap_future(waiting) if waiting else busy()
        if answer is None:
            raise Refused(500)
        answers.append(answer)
    return b"".join(answers)


class Impatient(H11Protocol):
    """HTTP/1.1 of uvicorn, which waits for a first request for ever."""

    request_s = REQUEST_S
    lines_most = LINES_MOST

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.lines_most:
            transport.close()
        else:
            self.loop.call_later(self.request_s, self._look)

    def _look(self) -> None:
        cycle: object = self.cycle  # None before the first request, whatever uvicorn's types say
        if cycle is None and not self.transport.is_closing():
            self.transport.close()


class HttpServer:
    """Serves in a thread of its own. `address`: (host, port), port 0 for a free one, then `.port`;
    OSError from the constructor where it is not free. Started and stopped once.
    """

    def __init__(
        self,
        asking: Asking,
        address: tuple[str, int],
        tls: ssl.SSLContext | None = None,
        lines_most: int = LINES_MOST,
        body_s: float = BODY_S,
        request_s: float = REQUEST_S,
    ):
        self._asking = asking
        self._socket = socket.create_server(address)
        self.port = self._socket.getsockname()[1]
        limits = {"lines_most": lines_most, "request_s": request_s}
        config = uvicorn.Config(
            application(asking, body_s),
            http=type("Limited", (Impatient,), limits),
            ws="none",
            lifespan="off",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_S,
            timeout_graceful_shutdown=2,
        )
        config.load()
        config.ssl = tls
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="http", daemon=True)

    def start(self) -> None:
        """Serve until stop()."""
        self._asking.start()
        self._thread.start()

    @property
    def alive(self) -> bool:
        """False before start(), after stop() and if a thread has died."""
        return self._thread.is_alive() and self._asking.alive

    def stop(self) -> None:
        """Requests at hand are answered first."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        self._asking.stop()
        self._socket.close()

    def _serve(self) -> None:
        with contextlib.suppress(SystemExit):  # uvicorn's way to say that it cannot start
            self._server.run(sockets=[self._socket])
