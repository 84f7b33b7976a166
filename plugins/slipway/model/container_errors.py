"""How a container engine says no, whatever engine it is."""

from __future__ import annotations

from slipway.exceptions import ContainerEngineError


class NoSuchThing(ContainerEngineError):
    """The engine has no such container, image, path, network or volume."""


class CannotStart(ContainerEngineError):
    """A container's program does not exist in its image, or may not be run."""


class ContainerRefused(ContainerEngineError):
    """The engine is well, and makes or starts no such container, whoever asks for it again."""
