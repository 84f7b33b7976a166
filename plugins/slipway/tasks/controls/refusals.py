"""Why a deployment may not begin that people said no to: one class for each cause."""

from __future__ import annotations

from slipway.exceptions import EnvironmentFrozen, InputError


class EnvironmentHeld(EnvironmentFrozen):
    """Somebody held the environment: commits do not deploy there by themselves."""


class LineStopped(EnvironmentFrozen):
    """Somebody stopped the line, and the run is not one that may pass."""


class ReleaseRejected(InputError):
    """Somebody rejected the release: it is deployed nowhere."""


class DeploymentCancelled(InputError):
    """Somebody cancelled the deployment before it began."""


class NotItsTime(InputError):
    """A deployment is set for a time that has not come, or that passed without it."""


class NotAsPlanned(InputError):
    """What was approved beforehand no longer holds, now that its time has come."""


class NotAllowed(InputError):
    """Whoever asks for it has no right to."""
