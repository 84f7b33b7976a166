"""Why a deployment may not begin that people said no to: one class for each cause."""

from __future__ import annotations

from slipway.exceptions import EnvironmentFrozen, InputError


class EnvironmentHeld(EnvironmentFrozen):
    """Somebody held the environment: commits do not deploy there by themselves."""


class LineStopped(EnvironmentFrozen):
    """Somebody stopped the line, and the run is not one that may pass."""


class ReleaseRejected(InputError):
    """Somebody rejected the release: it is deployed nowhere."""


class NotAllowed(InputError):
    """Whoever asks for it has no right to."""
