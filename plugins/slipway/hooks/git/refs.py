"""What a name means in a repository: refs are looked up by their whole names, and by nothing else.

Git itself takes a short name for the first thing that it fits, and a pattern for any ref that
ends in it; so whoever may push a branch could say what ``main`` is, or a sha. Here a name has one
meaning or is refused.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from slipway.exceptions import RefAmbiguous, RefNotFound
from slipway.hooks.git.command import GitCommandFailed
from slipway.model.event import HEADS, TAGS
from slipway.model.git.ref_name import is_ref_name
from slipway.model.text.nearest import nearest

_SHA = re.compile(r"[0-9a-fA-F]{40}")
_ABBREVIATED = re.compile(r"[0-9a-fA-F]{7,39}")
# Refs of for-each-ref(1), as ls-remote(1) prints them.
LISTED = "--format=%(objectname)%09%(refname)"
# Names among which the nearest is looked for; somebody may have made a million of them.
_MOST_COMPARED = 2000
# Branches that a message names.
_MOST_NAMED = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a name means.

    :param sha: the commit, in full.
    :param ref: the branch or tag, in full; None where a commit was named.
    """

    sha: str
    ref: str | None = None


def is_sha(name: str) -> bool:
    """Tell whether a text is a whole sha, and so can be nothing else."""
    return _SHA.fullmatch(name) is not None


def is_text(name: str) -> bool:
    """Tell whether a name, as git gave it, is UTF-8."""
    return not any("\ud800" <= char <= "\udfff" for char in name)


def of_ls_remote(answer: bytes) -> dict[str, str]:
    """Map each ref of an answer of git-ls-remote(1) to what it points to.

    :param answer: all of it; a pattern given to ls-remote matches the ends of names, so what is
        wanted is looked up in the answer by its whole name.
    """
    lines = answer.decode(errors="surrogateescape").split("\n")
    pairs = (line.split("\t", 1) for line in lines if "\t" in line)
    return {name: sha for sha, name in pairs}


class Refs:
    """The branches and tags of a repository, and what their names mean.

    :param local: runs git in the mirror, where every ref is called what it is called there.
    """

    def __init__(self, local: Callable[..., bytes]) -> None:
        self._local = local

    def all(self) -> Mapping[str, str]:
        """Map each branch and tag, in full, to what it points to."""
        listed = self._local("for-each-ref", LISTED, HEADS, TAGS)
        return of_ls_remote(listed)

    def containing(self, sha: str) -> list[str]:
        """List the branches and tags, in full, that reach a commit.

        :param sha: in full.
        """
        listed = self._local(
            "for-each-ref", f"--contains={sha}", "--format=%(refname)", HEADS, TAGS
        )
        return [name for name in listed.decode(errors="surrogateescape").split("\n") if name]

    def tags_on(self, sha: str) -> list[str]:
        """List the tags, in full, that are on a commit itself.

        :param sha: in full.
        """
        listed = self._local("for-each-ref", f"--points-at={sha}", "--format=%(refname)", TAGS)
        return [name for name in listed.decode(errors="surrogateescape").split("\n") if name]

    def resolve(self, name: str) -> Found:
        """Find what a name means.

        A whole sha is that object or nothing. A name that begins with ``refs/`` is that ref and no
        other. Any other is a branch, a tag, or the first digits of a commit's sha; where it is
        more than one of these, it is none.

        :raises RefNotFound: when there is nothing of that name; the nearest is named.
        :raises RefAmbiguous: when there are several; all are named, as they must be written.
        """
        if not is_ref_name(name):
            msg = f"{name!r} cannot be a ref"
            raise RefNotFound(msg, advice="give a branch, a tag or a sha")
        if is_sha(name):
            return self._object(name.lower())
        refs = self.all()
        whole = [name] if name.startswith("refs/") else [f"{HEADS}{name}", f"{TAGS}{name}"]
        meanings = [ref for ref in whole if ref in refs]
        if _ABBREVIATED.fullmatch(name):
            meanings += self._commits(name.lower())
        if len(meanings) > 1:
            msg = f"{name!r} means more than one thing: {' and '.join(map(_described, meanings))}"
            raise RefAmbiguous(msg, advice=f"write {' or '.join(meanings)}")
        if not meanings:
            msg = f"there is no branch, tag or commit {name!r}"
            raise RefNotFound(msg, advice=_nearest(name, refs))
        (meaning,) = meanings
        if meaning not in refs:
            return Found(sha=meaning)
        return Found(sha=self._peeled(refs[meaning], _described(meaning)), ref=meaning)

    def _object(self, sha: str) -> Found:
        if self._peeled(sha, f"the sha {sha}") != sha:
            msg = f"{sha} is a tag's own object, not a commit"
            raise RefNotFound(msg, advice="give the tag's name, or the commit's sha")
        return Found(sha=sha)

    def _commits(self, start: str) -> list[str]:
        """List the commits whose sha begins like this; other objects are nobody's to build."""
        objects = self._local("rev-parse", f"--disambiguate={start}").decode().split()
        return [sha for sha in objects if self._local("cat-file", "-t", sha) == b"commit\n"]

    def _peeled(self, sha: str, what: str) -> str:
        """Follow an annotated tag to its commit."""
        try:
            peeled = self._local("rev-parse", "--verify", "--quiet", f"{sha}^{{commit}}")
        except GitCommandFailed:
            msg = f"{what} names no commit that the repository's branches and tags lead to"
            raise RefNotFound(msg, advice="was the branch rewritten? push it again") from None
        return peeled.decode().strip()


def _described(meaning: str) -> str:
    for prefix, kind in ((HEADS, "the branch"), (TAGS, "the tag")):
        if meaning.startswith(prefix):
            return f"{kind} {meaning.removeprefix(prefix)}"
    return f"the commit {meaning}"


def branches_by_nearness(wanted: str, refs: Iterable[str]) -> str:
    """Name the branches of a repository, those first that are called nearly like one.

    :param wanted: what was looked for, short or in full.
    :param refs: in full.
    """
    name = _short(wanted)
    # A name that cannot be shown, or typed, helps nobody.
    heads = (_short(ref) for ref in refs if ref.startswith(HEADS) and ref.isprintable())
    names = list(islice(heads, _MOST_COMPARED))
    if not names:
        return "it has no branch yet: push one"
    matcher = difflib.SequenceMatcher(b=name)

    def distance(other: str) -> tuple[float, str]:
        matcher.set_seq1(other)
        return -matcher.ratio(), other

    shown = sorted(names, key=distance)[:_MOST_NAMED]
    more = f", and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return f"its branches, the nearest first: {', '.join(shown)}{more}"


def _short(ref: str) -> str:
    return ref.removeprefix(HEADS).removeprefix(TAGS)


def _nearest(wanted: str, refs: Mapping[str, str]) -> str:
    names = sorted({_short(ref) for ref in refs if ref.isprintable()})[:_MOST_COMPARED]
    near = nearest(_short(wanted), names)
    first = f"did you mean {near!r}?" if near else "push it, or give another ref;"
    return f"{first} {branches_by_nearness(wanted, refs)}"
