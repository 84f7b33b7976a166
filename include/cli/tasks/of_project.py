"""A project's own ``fabfile.py``: the tasks of its repository, without the word PROJECT.

Three lines make one::

    from slipway_cli.cli.tasks.of_project import for_project
    namespace = for_project("guestbook")

``fab deploy prod previous`` is then what ``fab deploy guestbook prod previous`` is elsewhere, and
``namespace.add_task(...)`` adds the repository's own.
"""

from __future__ import annotations

import inspect
from typing import Any

from fabric import task
from invoke.collection import Collection

from include.cli.tasks.every import CENTRAL, TASKS
from include.cli.tasks.typed import arrange_words

_PROJECT, _RUN, _FOLDER = "project", "run", "folder"
# Tasks of a working copy, which take the project from a project file if at all.
_LOCAL = ("exec", "package")


def for_project(name: str) -> Collection:
    """Return the tasks of one project.

    :param name: the project's.
    """
    made = [
        _bound(one, name) if _PROJECT in _words(one) else one
        for task_name, one in TASKS.items()
        if task_name not in CENTRAL
    ]
    arrange_words(made)
    return Collection(*made)


def _words(one: Any) -> list[str]:
    return [] if one.name in _LOCAL else list(inspect.signature(one.body).parameters)


def _bound(one: Any, name: str) -> Any:
    """Return a task that has its project already."""
    signature = inspect.signature(one.body)
    kept = [given for given in signature.parameters.values() if given.name != _PROJECT]

    def body(c: Any, **given: Any) -> None:
        one.body(c, **{_PROJECT: name, **given})

    body.__name__, body.__doc__ = one.body.__name__, one.body.__doc__
    body.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
    return task(
        name=one.name,
        positional=[word for word in one.positional if word != _PROJECT],
        optional=[word for word in one.optional if word != _PROJECT],
        help={word: words for word, words in one.help.items() if word != _PROJECT},
    )(body)
