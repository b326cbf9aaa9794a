# SPDX-License-Identifier: Apache-2.0
"""What stands in front of every page: whose name was called, how much was sent, what a browser may
do with the answer.

Pages load their own style sheet and nothing else; there is no script at all. Answers are not kept
by browsers or by anything between. A name for this machine that it was not told is refused, as a
foreign page may point one at it; an address, `localhost` and the names given are its own.
"""

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from host_tools.panel.server import is_own

URL_MOST = 2048
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), interest-cohort=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
FRESH = (b"cache-control", b"no-store")
ONLY_TLS = (b"strict-transport-security", b"max-age=31536000")


class Guarded:
    """An application behind the guard. names: host names it may be called by; secure: whether
    browsers reach it by TLS.
    """

    def __init__(self, app: ASGIApp, names: frozenset[str] = frozenset(), secure: bool = False):
        self._app = app
        self._names = names
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1").lower()
        refusal = self._refusal(scope, headers, host)
        if refusal:
            await refusal(scope, receive, self._with_headers(send))
        else:
            await self._app(scope, receive, self._with_headers(send))

    def _refusal(
        self, scope: Scope, headers: dict[bytes, bytes], host: str
    ) -> PlainTextResponse | None:
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        if not (is_own(host) or name in self._names):
            return PlainTextResponse("not a name of this machine: start it with --name", 400)
        path, query = scope["raw_path"] or b"", scope["query_string"] or b""
        if len(path) + len(query) > URL_MOST:
            return PlainTextResponse("an address of that length is none of ours", 414)
        origin = headers.get(b"origin")
        own = f"{'https' if self._secure else 'http'}://{host}"
        if scope["method"] == "POST" and origin and origin.decode("latin-1").lower() != own:
            return PlainTextResponse("asked by another page", 403)
        return None

    def _with_headers(self, send: Send) -> Send:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = [*message["headers"]]
                more = [*HEADERS, *([ONLY_TLS] if self._secure else [])]
                if not any(name == b"cache-control" for name, _ in given):
                    more.append(FRESH)
                message = {**message, "headers": given + more}
            await send(message)

        return answer
