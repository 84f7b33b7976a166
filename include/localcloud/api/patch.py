"""Replaces methods of moto's classes, in the one place where that is done."""

from __future__ import annotations

from typing import Any


def correct(owner: type, **members: Any) -> None:
    """Give a class of moto's other methods; all later instances have them.

    :raises AttributeError: when the class has no such member, so that a new moto which calls it
        something else is noticed at start.
    """
    for name, member in members.items():
        getattr(owner, name)
        setattr(owner, name, member)
