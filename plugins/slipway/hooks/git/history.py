"""What the history of a mirror says of a commit: after what, and how far along.

Nothing here is put in order by a commit's time, which is whatever its committer's clock said.
"""

from __future__ import annotations

from collections.abc import Callable

Local = Callable[..., bytes]


def commits_of(local: Local, sha: str) -> int:
    """Count a commit and all its ancestors.

    :param local: runs git in the mirror.
    :param sha: in full.
    """
    return int(local("rev-list", "--count", sha))


def first_parents(local: Local, span: str) -> list[str]:
    """List a line of commits along their first parents, the newest first.

    :param local: runs git in the mirror.
    :param span: a commit, or ``old..new``.
    """
    return local("rev-list", "--first-parent", span).decode().split()


def reached(local: Local, span: str, most: int) -> list[str]:
    """List the commits that a span reaches, those of merged branches too, the newest first.

    :param local: runs git in the mirror.
    :param span: a commit, or ``old..new``.
    :param most: how many.
    """
    return local("rev-list", "--topo-order", f"--max-count={most}", span).decode().split()


def people_of(local: Local, span: str, most: int) -> list[str]:
    """List who wrote or committed what a span reaches, each once: ``Ann Lee <ann@example.com>``.

    :param local: runs git in the mirror.
    :param span: a commit, or ``old..new``.
    :param most: commits that are looked at, of the newest.
    """
    form = "--format=%an <%ae>%n%cn <%ce>"
    told = local("log", "--topo-order", f"--max-count={most}", form, span)
    return sorted(set(told.decode(errors="replace").splitlines()) - {""})


def position_of(local: Local, sha: str, tip: str) -> int:
    """Tell how far along a line a commit is, counting from 1.

    :param local: runs git in the mirror.
    :param sha: the commit; of one beside the line it is the place where it left it.
    :param tip: the line's newest commit.
    """
    along = ("rev-list", "--first-parent", "--count", tip)
    return int(local(*along)) - int(local(*along, f"^{sha}"))
