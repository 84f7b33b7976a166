"""One thing that was looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from slipway.exceptions import SlipwayError, TransientError
from slipway.model.text.inert import visible

_LONGEST = 1000


class State(StrEnum):
    """What came of looking."""

    FINE = "fine"
    WRONG = "wrong"
    # It could not be asked, and so may be either.
    UNASKED = "not checked"


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What was looked at, and how it is.

    :param area: such as ``connections`` or ``prod``.
    :param what: the thing.
    :param state: fine, or how bad it is.
    :param words: what is wrong with it, or what there is to say.
    :param cure: what somebody has to do about it.
    """

    area: str
    what: str
    state: State = State.FINE
    words: str = ""
    cure: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


def looked(area: str, what: str, look: Callable[[], Iterable[Checked]]) -> Iterator[Checked]:
    """Yield what a look finds; one that fails is a finding, and takes no other with it.

    :param area: of what is looked at.
    :param what: the thing.
    :param look: looks at it.
    """
    try:
        yield from list(look())
    except SlipwayError as error:
        passes = isinstance(error, TransientError)
        yield Checked(
            area=area,
            what=what,
            state=State.UNASKED if passes else State.WRONG,
            words=_short(error.message),
            cure=error.advice,
        )
    except Exception as error:
        # Whatever somebody else's library raises: the rest is looked at all the same. Its words
        # may hold a secret.
        words = f"it could not be asked: {type(error).__name__}"
        cure = "the log of the task says more"
        yield Checked(area=area, what=what, state=State.UNASKED, words=words, cure=cure)


def _short(text: str) -> str:
    return " ".join(visible(line, _LONGEST) for line in text.splitlines())
