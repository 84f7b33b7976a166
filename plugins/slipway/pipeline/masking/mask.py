"""Keeps secrets out of everything that leaves a task: its log, its errors, its facts.

A secret is found as it is and in the forms that programs give it: base64 (at any offset, as in
``user:password``, and wrapped), hexadecimal (also as a dump), URL, JSON, XML and shell escapes,
with colours, quotes or line breaks in between; of one with several lines, each line. Two forms
around each other are found where the outer one is base64 or an escape. What cannot be found is a
secret that a program encrypts, compresses, reverses or tells letter by letter.

Needs neither Airflow nor a container engine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from traceback import format_exception_only
from typing import Any, TypeAlias

from slipway.exceptions import SlipwayError
from slipway.pipeline.masking.forms import SHORTEST, Forms, forms
from slipway.pipeline.masking.readings import Reading, readings
from slipway.pipeline.masking.steps import Traced

__all__ = ["MASK", "SHORTEST", "Masker", "Span"]

MASK = "******"
_MASK = MASK.encode()
# So much of a form's beginning is told from chance; of a short form, half of it.
BEGINNING = 4
# So much of a form at a text's end is hidden, as if the rest had come; of a short form, half of it.
_CUT_OFF = 8
_DEEPEST_CAUSE = 10
_SHOWN_BY_OSERROR = ("strerror", "filename", "filename2")

Span: TypeAlias = tuple[int, int]
"""Where a secret begins and ends, in bytes."""
Texts: TypeAlias = list[tuple[Reading, bytes]]
"""The readings of some data, and what they come to."""


class Masker:
    """Replaces secrets in text.

    :param secrets: their values; those of fewer than :data:`SHORTEST` characters are passed over.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self.secrets = frozenset(secrets)
        self._forms: Forms = forms(sorted(self.secrets))
        self._fragments = {alphabet: _fragments(ones) for alphabet, ones in self._forms.items()}
        self.longest = max((len(form) for ones in self._forms.values() for form in ones), default=0)

    def __call__(self, text: str, *, cut_off: bool = False) -> str:
        """Return the text with a mask in place of each secret.

        :param cut_off: the text may end in the middle of a secret.
        """
        if not self.longest:
            return text
        data = text.encode(errors="surrogatepass")
        spans = self.find(data)
        if cut_off and (begun := self.unfinished(data)) is not None:
            spans = merged([*spans, (begun, len(data))])
        return masked(data, spans).decode(errors="surrogatepass") if spans else text

    def json(self, value: Any) -> Any:
        """Return plain data, as a fact's, with every text in it masked; keys stay."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, dict):
            return {key: self.json(item) for key, item in value.items()}
        if type(value) in (list, tuple):
            return type(value)(self.json(item) for item in value)
        return value

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Mask what an exception says that passes through, and what its causes say.

        :raises SlipwayError: in place of one that holds a secret where nobody can replace it.
        """
        try:
            yield
        except BaseException as error:
            self._mask_error(error)
            if not isinstance(error, Exception) or all(self(told) == told for told in _told(error)):
                raise
            msg = f"{type(error).__name__}: {self(str(error))}"
            raise SlipwayError(msg, advice="its causes held a secret and are not shown") from None

    def find(
        self, data: bytes, texts: Texts | None = None, *, line_by_line: bool = False
    ) -> list[Span]:
        """Find every secret; the spans are in order and do not overlap.

        :param data: what is looked through.
        :param texts: the readings of the data, where they are known already.
        :param line_by_line: lines were shown as they came, so a few characters at the end of one
            may be out already.
        """
        spans: list[Span] = []
        for reading, text in readings(data) if texts is None else texts:
            seen = [form for form in self._forms[reading.alphabet] if form in text]
            if seen and (elsewhere := reading.shown_elsewhere(data)):
                seen = [form for form in seen if text.count(form) > elsewhere.count(form)]
            # Most secrets stand there as they are; where others stood has to be worked out.
            worn = [
                form
                for form in seen
                if not reading.as_it_is or text.count(form) != data.count(form)
            ]
            traced = reading.trace(data) if worn else None
            for form in seen:
                if traced is not None and form in worn:
                    spans += _places(form, traced, data if line_by_line else b"")
                else:
                    spans += _occurrences(form, data)
        return merged(spans)

    def begun(
        self, data: bytes, texts: Texts | None = None, *, least: int = BEGINNING
    ) -> int | None:
        """Return where a form begins whose end has not come yet; None where none does.

        :param data: what is looked through.
        :param texts: the readings of the data, where they are known already.
        :param least: so many characters of it must be there; of a short one, half of it.
        """
        texts = list(readings(data)) if texts is None else texts
        if least >= BEGINNING and not self._may_have_begun(texts):
            return None
        found: list[int] = []
        for reading, text in texts:
            overlaps = (_overlap(text, form, least) for form in self._forms[reading.alphabet])
            if longest := max(overlaps, default=0):
                found.append(reading.place_from_end(data, text[-longest:]))
        return min(found, default=None)

    def unfinished(self, data: bytes, texts: Texts | None = None) -> int | None:
        """Return where so much of a secret begins at the end that it should not be shown."""
        return self.begun(data, texts, least=_CUT_OFF)

    def _mask_error(self, error: BaseException | None) -> None:
        for _ in range(_DEEPEST_CAUSE):
            if error is None:
                return
            error.args = self.json(error.args)
            # What it shows may be made of these: message and advice, a server's words, notes.
            for name in (*vars(error), *_SHOWN_BY_OSERROR):
                value = getattr(error, name, None)
                if value is not None:
                    with suppress(AttributeError, TypeError):
                        setattr(error, name, self.json(value))
            error = error.__cause__ or error.__context__

    def _may_have_begun(self, texts: Texts) -> bool:
        """Rule out, fast, that any form's beginning is at the end: nearly always it is not."""
        return any(
            text[-size:] in fragments
            for reading, text in texts
            for size, fragments in self._fragments[reading.alphabet].items()
        )


def _told(error: BaseException) -> Iterator[str]:
    """Yield what an exception says, and what all do that are shown with it; no code, no paths."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield from format_exception_only(one)
        waiting += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions


def masked(data: bytes, spans: Iterable[Span]) -> bytes:
    """Put a mask in place of each span, and of each line of it."""
    out, at = bytearray(), 0
    for start, end in spans:
        out += data[at:start]
        out += b"\n".join(_MASK if line else b"" for line in data[start:end].split(b"\n"))
        at = end
    return bytes(out + data[at:])


def merged(spans: Iterable[Span]) -> list[Span]:
    """Put spans in order, those that overlap as one."""
    out: list[Span] = []
    for start, end in sorted(spans):
        if out and start < out[-1][1]:
            out[-1] = out[-1][0], max(end, out[-1][1])
        else:
            out.append((start, end))
    return out


def _occurrences(form: bytes, data: bytes) -> Iterator[Span]:
    at = data.find(form)
    while at >= 0:
        yield at, at + len(form)
        at = data.find(form, at + 1)


def _places(form: bytes, traced: Traced, data: bytes) -> Iterator[Span]:
    for first, end in _occurrences(form, traced.data):
        yield _start(traced, data, first, len(form)), traced.ends[end - 1]


def _start(traced: Traced, data: bytes, first: int, length: int) -> int:
    """Return where a find begins, line by line.

    A few characters at the end of a line are shown before the next line is there; so they are
    shown whenever it comes, and the same output is always masked alike.

    :param data: what was read, for its ends of lines; nothing where all of it is there at once.
    """
    start = traced.starts[first]
    for place in range(first + 1, first + _least(length)):
        if b"\n" in data[traced.ends[place - 1] : traced.starts[place]]:
            start = traced.starts[place]
    return start


def _least(length: int, least: int = BEGINNING) -> int:
    """Return how much of a form is told from chance."""
    return min(least, (length + 1) // 2)


def _overlap(text: bytes, form: bytes, least: int) -> int:
    """Return how much of a form's beginning, but not all, is at a text's end; 0 if too little."""
    shortest = max(_least(len(form), least), 1)
    for size in range(min(len(form) - 1, len(text)), shortest - 1, -1):
        if text.endswith(form[:size]):
            return size
    return 0


def _fragments(ones: Iterable[bytes]) -> dict[int, frozenset[bytes]]:
    """Return, by their length, every stretch that a form's beginning may end with."""
    found: defaultdict[int, set[bytes]] = defaultdict(set)
    for form in ones:
        size = _least(len(form))
        found[size].update(form[at : at + size] for at in range(len(form) - size + 1))
    return {size: frozenset(stretches) for size, stretches in found.items()}
