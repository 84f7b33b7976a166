"""A project's own ``fabfile.py``: the tasks of its repository, without the word PROJECT.

Three lines make one::

    from slipway_cli.cli.tasks.of_project import for_project
    namespace = for_project("guestbook")

``fab deploy prod previous`` is then what ``fab deploy guestbook prod previous`` is elsewhere, and
``namespace.add_task(...)`` adds the repository's own.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

from fabric import task
from invoke.collection import Collection

from include.cli.tasks.every import CENTRAL, TASKS
from include.cli.tasks.typed import arrange_words

_PROJECT = "project"
# What tasks call the word that stands for a run, or for the newest one of a project.
_RUNS = ("run", "what")
# An environment, as project files name them: no run's id, no address and no commit is like it.
_ENVIRONMENT = re.compile(r"[a-z][a-z0-9-]{0,40}")
_COMMIT = re.compile(r"(?=.*[0-9])[0-9a-f]{4,40}|[0-9a-f]{7,40}")
# Tasks of a working copy, which take the project from a project file if at all.
_LOCAL = ("exec", "package")


def for_project(name: str) -> Collection:
    """Return the tasks of one project.

    :param name: the project's.
    """
    made = [_made(one, name) for task_name, one in TASKS.items() if task_name not in CENTRAL]
    arrange_words(made)
    return Collection(*made)


def _made(one: Any, name: str) -> Any:
    words = _words(one)
    if _PROJECT in words:
        return _bound(one, name)
    return next((_aimed(one, name, word) for word in _RUNS if word in words), one)


def _words(one: Any) -> list[str]:
    return [] if one.name in _LOCAL else list(inspect.signature(one.body).parameters)


def _bound(one: Any, name: str) -> Any:
    """Return a task that has its project already."""
    signature = inspect.signature(one.body)
    kept = [given for given in signature.parameters.values() if given.name != _PROJECT]

    def body(c: Any, **given: Any) -> None:
        one.body(c, **{_PROJECT: name, **given})

    return _like(one, body, kept)


def _aimed(one: Any, name: str, word: str) -> Any:
    """Return a task of runs that takes an environment for the project's, as in `fab logs prod`."""
    given = inspect.signature(one.body).parameters

    def body(c: Any, **words: Any) -> None:
        said = words.get(word, "")
        is_environment = _ENVIRONMENT.fullmatch(said) and not _COMMIT.fullmatch(said)
        if is_environment and said != name and not words.get("environment"):
            words[word] = f"{name}.{said}"
        one.body(c, **words)

    return _like(one, body, list(given.values()))


def _like(one: Any, body: Any, words: list[inspect.Parameter]) -> Any:
    """Return a task that does something else, with some of another's words."""
    names = {given.name for given in words}
    body.__name__, body.__doc__ = one.body.__name__, one.body.__doc__
    body.__signature__ = inspect.signature(one.body).replace(parameters=words)
    return task(
        name=one.name,
        positional=[word for word in one.positional if word in names],
        optional=[word for word in one.optional if word in names],
        help={word: text for word, text in one.help.items() if word in names},
    )(body)
