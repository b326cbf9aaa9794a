# SPDX-License-Identifier: Apache-2.0
"""The dialogue with the acquirer: one request outstanding, every answer authenticated.

A generator that yields what it wants and is sent what came: a frame (bytes) for its answer,
READ_ON for one more frame of the same line, Wait for time to pass. LinkLost is thrown in where no
answer came. No socket, no clock and no random source: line.py has them.

Whatever is not the authentic answer to the request counts as no answer (CL-017, CL-018); the same
request goes out again, with the same numbers, and never a reversal (CL-009).
"""

from collections.abc import Callable, Generator
from typing import NamedTuple, TypeVar

from firmware.errors import FormatError, LinkLost
from host_tools.acquirer import answers, keys, mac, sale
from host_tools.acquirer.answers import KEYS, LATER, STOP
from host_tools.acquirer.batches import current, open_next
from host_tools.acquirer.book import Book
from host_tools.acquirer.fields import MAC
from host_tools.acquirer.message import Message, pack, protected, unpack

STRAY_MOST = 3  # frames read past that answer something else
READ_ON = b""
Report = Callable[[dict], None]


class Wait(NamedTuple):
    """Time to let pass."""

    seconds: float


Wanted = bytes | Wait
Result = TypeVar("Result")
Steps = Generator[Wanted, bytes, Result]  # Result: what `yield from` gives


class Answer(NamedTuple):
    """An answer that counts, and the class of its field 39."""

    message: Message
    kind: str

    @property
    def code(self) -> str:
        """Field 39."""
        return self.message.text(39)


class Stopped(FormatError):
    """The acquirer does not serve this terminal, or not now: a person has to look."""


class Dialogue:
    """One account's dialogue. `jitter()`: 0.0 to 1.0; `report`: dicts of what happened."""

    def __init__(self, book: Book, jitter: Callable[[], float], report: Report):
        self.book = book
        self.profile = book.profile
        self.rules = book.profile.rules
        self.merchant = book.merchant
        self.jitter = jitter
        self.report = report
        self.key = book.mac_key()
        self._sign_ons = 0  # since the last answer that counted
        self._distrusted = False  # the last answer bore no good MAC

    def delay_s(self, attempt: int) -> float:
        """How long to wait after so many attempts: doubled, half of it by chance."""
        longest = min(self.rules.retry_s * 2**attempt, self.rules.retry_most_s)
        return longest * (0.5 + self.jitter() / 2)

    def begin(self) -> Steps[None]:
        """Sign on where there is no key or no batch."""
        if self.key is None or current(self.book) is None:
            yield from self.sign_on()

    def sign_on(self) -> Steps[None]:
        """0800: new working keys, the number of the batch. Stopped where it cannot be."""
        master = self.book.master()
        if master is None:
            raise FormatError(
                f"{self.book.account} has no terminal master key; put it in:"
                f" faretap acquire key {self.book.account}"
            )
        self._sign_ons += 1
        if self._sign_ons > self.rules.attempts:
            raise Stopped(f"{self.book.account}: signed on again and again, no MAC is right")
        held = current(self.book)
        request = sale.sign_on_message(
            self.profile, self.merchant, held.batch if held else 0, self.book.next_trace()
        )
        wrong = ""
        for attempt in range(self.rules.attempts):
            found = yield from self._ask(request)
            wrong = "no answer" if found is None else self._signed_on(found, master)
            if not wrong:
                return
            self.report({"event": "sign_on_failed", "why": wrong})
            yield Wait(self.delay_s(attempt))
        raise LinkLost(f"{self.book.account}: sign-on failed {self.rules.attempts} times: {wrong}")

    def _signed_on(self, found: Message, master: keys.Key) -> str:
        """Take the keys of a sign-on; why not, or nothing."""
        code = found.text(39)
        kind = answers.class_of(code, self.profile.codes)
        if kind not in (answers.ACCEPTED, LATER):
            raise Stopped(f"{self.book.account}: sign-on {code}, {answers.words(code)}")
        if kind == LATER:
            return f"{code}, {answers.words(code)}"
        try:
            number = int(found.text(60)[2:8] or "x")
            brought = keys.unwrap(master, self.rules.sign_on, bytes.fromhex(found.text(62)))
        except (FormatError, ValueError) as wrong:
            return str(wrong) if isinstance(wrong, FormatError) else "no batch number"
        self.key = brought["MAK"]
        self.book.signed_on(self.key, number)
        open_next(self.book, number)
        self.report({"event": "signed_on", "batch": number, "key": repr(self.key)})
        return ""

    def until_answered(
        self, request: Message, again: Callable[[], None], wait: bool
    ) -> Steps[Answer]:
        """The Answer that counts. `again()` before each repetition is sent.

        wait: a `later` is waited for here too. LinkLost after so many attempts, Stopped where the
        acquirer does not know the terminal.
        """
        for attempt in range(self.rules.attempts):
            if attempt:
                again()
            found = yield from self._ask(request)
            if found is None:
                if self._distrusted:
                    yield from self.sign_on()
                self.report({"event": "no_answer", "mti": request.mti, "trace": request.text(11)})
                yield Wait(self.delay_s(attempt))
                continue
            self._sign_ons = 0
            answer = Answer(found, answers.class_of(found.text(39), self.profile.codes))
            if answer.kind == STOP:
                code = answer.code
                raise Stopped(
                    f"{self.book.account}: {code}, {answers.words(code)}; nothing goes up"
                )
            if answer.kind == KEYS:
                yield from self.sign_on()
            elif answer.kind != LATER or not wait:
                return answer
            else:
                yield Wait(self.delay_s(attempt))
        raise LinkLost(
            f"{self.book.account}: message {request.mti} {request.text(11)} got no answer that"
            f" counts in {self.rules.attempts} attempts; the same command goes on from here"
        )

    def _ask(self, request: Message) -> Steps[Message | None]:
        """One request; the Message that answers it, None where none does."""
        self._distrusted = False
        try:
            frame = yield pack(self._sealed(request))
            for _ in range(STRAY_MOST):
                try:
                    found = unpack(frame)
                except FormatError as wrong:
                    self.report({"event": "bad_answer", "why": str(wrong)})
                else:
                    if answers.belongs(request, found):
                        return found if self._authentic(request, found) else None
                    self.report({"event": "stray_answer", "mti": found.mti})
                frame = yield READ_ON
        except LinkLost:
            pass
        return None

    def _sealed(self, request: Message) -> Message:
        """The request with its MAC, where it bears one."""
        if request.mti not in self.rules.mac_messages:
            return request
        if self.key is None:
            raise FormatError(f"{self.book.account}: not signed on")
        return with_mac(request, self.rules, self.key)

    def _authentic(self, request: Message, found: Message) -> bool:
        """CL-017: whether the MAC of an answer is right; if not, a new sign-on is due."""
        if request.mti not in self.rules.mac_messages:
            return True
        assert self.key is not None
        if found.text(64) and found.text(64) == with_mac(found, self.rules, self.key).text(64):
            return True
        self._distrusted = True
        self.report({"event": "bad_mac", "mti": found.mti, "trace": found.text(11)})
        return False


def with_mac(message: Message, rules, key: keys.Key) -> Message:
    """The message with field 64 under this key, by the rules of the profile."""
    bare = message._replace(fields={n: v for n, v in message.fields.items() if n != MAC})
    made = mac.field_64(rules.mac, key.value, protected(bare), rules.mac_form, rules.mac_whole_key)
    return bare._replace(fields={**bare.fields, MAC: made.hex().upper()})
