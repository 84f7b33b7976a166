"""The words of a task in the order in which people type them.

Invoke gives a task's words only to parameters that have no default, and takes every further word
for the name of another task: ``fab deploy shop prod previous`` would end there. Here each word that
is no flag becomes the next one of the task's own, wherever the flags stand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from slipway.model.text.nearest import nearest

HELP = ("-h", "--help")
_HELP_TASK = "help"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """What a task takes.

    :param words: the parameters that are given without a flag, in their order.
    :param needed: how many of them have to be there.
    :param with_value: flags behind which a value follows, ``--ref`` and ``-r``, and whose it is.
    :param several: the last word may be given more than once.
    """

    words: tuple[str, ...]
    needed: int
    with_value: Mapping[str, str] = field(default_factory=dict)
    several: bool = False

    def usage(self, task: str) -> str:
        """Say how the task is called."""
        names = [
            name.replace("_", "-").upper() if place < self.needed else f"[{name.upper()}]"
            for place, name in enumerate(self.words)
        ]
        return " ".join(["fab", task, *names]) + ("..." if self.several else "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Arranged:
    """Words as Invoke wants them.

    :param words: in place of those that were typed.
    :param help_for: the task whose help was asked for, if any.
    """

    words: tuple[str, ...]
    help_for: str = ""


def arrange(words: Sequence[str], shapes: Mapping[str, Shape]) -> Arranged:
    """Put words into a form that Invoke reads alike, whatever their order.

    :param words: what was typed behind ``fab`` and its own flags.
    :param shapes: what each task takes, by its name.
    :raises SystemExit: when there is no such task, or a word of it is missing, in a sentence.
    """
    if not words:
        return Arranged(words=())
    task, *rest = words
    if task == _HELP_TASK and task not in shapes and rest and rest[0] in shapes:
        return Arranged(words=(), help_for=rest[0])
    shape = shapes.get(task)
    if shape is None:
        raise SystemExit(_unknown(task, shapes))
    plain, flags = _sorted_out(rest, shape)
    if any(flag in HELP for flag in flags):
        return Arranged(words=(), help_for=task)
    given = {shape.with_value.get(flag.partition("=")[0]) for flag in flags}
    open_words = [name for name in shape.words if name not in given]
    if shape.several and len(plain) > len(open_words) > 0:
        place = len(open_words) - 1
        plain = [*plain[:place], "\n".join(plain[place:])]
    missing = [name for name in shape.words[: shape.needed] if name not in given][len(plain) :]
    if missing:
        names = " and ".join(name.upper() for name in missing)
        has = "has" if len(missing) == 1 else "have"
        msg = f"{names} {has} to be given: {shape.usage(task)}\nfab {task} --help says more"
        raise SystemExit(msg)
    if len(plain) > len(open_words):
        extra = plain[len(open_words)]
        msg = f"{extra!r} is one word too many: {shape.usage(task)}"
        raise SystemExit(msg)
    pairs = zip(open_words, plain, strict=False)
    own = [f"--{name.replace('_', '-')}={word}" for name, word in pairs]
    return Arranged(words=(task, *own, *flags))


def _sorted_out(words: Sequence[str], shape: Shape) -> tuple[list[str], list[str]]:
    """Tell plain words from flags, and from the values behind flags."""
    plain: list[str] = []
    flags: list[str] = []
    left: Iterator[str] = iter(words)
    for word in left:
        if not word.startswith("-") or word == "-":
            plain.append(word)
            continue
        flags.append(word)
        if word in shape.with_value and (value := next(left, None)) is not None:
            flags.append(value)
    return plain, flags


def _unknown(task: str, known: Collection[str]) -> str:
    near = nearest(task, known)
    said = f"; did you mean `fab {near}`?" if near else ";"
    return f"fab knows no task {task!r}{said} `fab --list` names them all"
