"""The content of many files of a commit, read at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from slipway.hooks.git.command import git
from slipway.hooks.git.tree import Entry

# Blobs, and bytes of them, that are read at once.
_AT_ONCE, _MOST_AT_ONCE = 10_000, 32 << 20


def blobs(mirror: Path, entries: Iterable[Entry], most: int) -> Iterator[tuple[str, bytes | None]]:
    """Yield each blob's content, once; None where it has more than so many bytes.

    :param mirror: a bare repository that has them.
    :param entries: the files.
    :param most: bytes.
    """
    shas = sorted({entry.sha for entry in entries})
    step = min(_AT_ONCE, _MOST_AT_ONCE // most)
    for start in range(0, len(shas), step):
        asked = "\n".join(shas[start : start + step]).encode()
        sizes = git("cat-file", "--batch-check", "--buffer", cwd=mirror, given=asked)
        told = [line.split(" ") for line in sizes.decode().splitlines()]
        yield from ((line[0], None) for line in told if int(line[2]) > most)
        yield from _contents(mirror, [line[0] for line in told if int(line[2]) <= most])


def _contents(mirror: Path, shas: list[str]) -> Iterator[tuple[str, bytes]]:
    answer = git("cat-file", "--batch", "--buffer", cwd=mirror, given="\n".join(shas).encode())
    place = 0
    while place < len(answer):
        end = answer.index(b"\n", place)
        sha, _, size = answer[place:end].decode().split(" ")
        yield sha, answer[end + 1 : end + 1 + int(size)]
        place = end + 2 + int(size)
