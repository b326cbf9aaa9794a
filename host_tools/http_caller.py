# SPDX-License-Identifier: Apache-2.0
"""HttpCollector: a collector behind POST /frames (http_line.py), asked from a vehicle.

Standard library alone.
"""

import http.client
import ssl
from urllib.parse import urlsplit

from firmware.errors import FormatError
from firmware.formats.batch import FRAME_MOST, FrameReader
from host_tools.collector import busy

ANSWER_S = 8.0  # a terminal waits 10 s
CONTENT_TYPE = "application/vnd.faretap.frames"
ANSWERED = (200, 400, 503)  # statuses whose body is a frame


class HttpCollector:
    """`url`: http://HOST[:PORT]/frames or https://..; `tls`: whom https trusts. FormatError.

    `error`: the last reason why there was no answer. Nothing is kept here: where no answer comes
    the terminal hears REJECT later.
    """

    def __init__(self, url: str, tls: ssl.SSLContext | None = None, answer_s: float = ANSWER_S):
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or not parts.path:
            raise FormatError(f"{url}: not http://HOST[:PORT]/frames or https://..")
        self.error = ""
        self._host, self._path, self._tls = parts.netloc, parts.path, tls
        self._secure, self._answer_s = parts.scheme == "https", answer_s
        self._line: http.client.HTTPConnection | None = None

    def answers(self, frames: list[bytes]) -> list[bytes]:
        """The answer to each frame, in their order; waits for each."""
        return [self._ask(frame) for frame in frames]

    def _ask(self, frame: bytes) -> bytes:
        try:
            status, said = self._post(frame)
        except (OSError, http.client.HTTPException) as wrong:
            self.error = str(wrong) or type(wrong).__name__
            self.close()
            return busy()
        found = FrameReader(FRAME_MOST).feed(said) if status in ANSWERED else []
        self.error = "" if found else f"HTTP status {status}"
        return found[0] if found else busy()

    def _post(self, frame: bytes) -> tuple[int, bytes]:
        if self._line is None:
            self._line = (
                http.client.HTTPSConnection(
                    self._host, timeout=self._answer_s, context=self._tls
                )
                if self._secure
                else http.client.HTTPConnection(self._host, timeout=self._answer_s)
            )  # fmt: skip
        self._line.request("POST", self._path, frame, {"Content-Type": CONTENT_TYPE})
        answer = self._line.getresponse()
        said = answer.read(FRAME_MOST)
        if not answer.isclosed():
            self.close()
        return answer.status, said

    def close(self) -> None:
        """Hang up; the next frame connects again."""
        if self._line:
            self._line.close()
        self._line = None
