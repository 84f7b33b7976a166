"""What keeps a project from being begun."""

from __future__ import annotations

from slipway.exceptions import InputError


class ProjectTaken(InputError):
    """There is a project, or a file, of that name already."""


class CopyRefused(InputError):
    """The repository cannot be had, or its folder is something else's."""
