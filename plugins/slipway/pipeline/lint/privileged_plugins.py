"""Plugins that build images with an engine of their own, and need every right for it.

Drone gives those rights to some plugins by their name alone. A privileged container is as good as
root on the engine's machine, so here somebody has to allow it: whoever operates Slipway, by name,
or whoever trusts the project. And it is the plugin that is allowed, as its registry has it, with
nothing from the repository that would run in its place or with its rights.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipway.exceptions import ImageRefused
from slipway.model.image_name import ImageName
from slipway.pipeline.yaml.values import FromSecret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from slipway.pipeline.yaml.diagnostics import Path
    from slipway.pipeline.yaml.model import Pipeline, Step

DRONES = (
    "plugins/docker",
    "plugins/acr",
    "plugins/ecr",
    "plugins/gcr",
    "plugins/gar",
    "plugins/heroku",
)
# What a file may say that would run beside the plugin, or lie over its own files.
_OWN = ("commands", "command", "entrypoint", "shell", "volumes", "devices")
# Variables that lead no program to the repository's files; others may (PATH, LD_PRELOAD, ...).
_PLAIN_VARIABLES = frozenset(
    (
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "BUILDKIT_PROGRESS",
        "DOCKER_BUILDKIT",
        "DOCKER_PASSWORD",
        "DOCKER_USERNAME",
        "TZ",
    )
)
_SETTING = "PLUGIN_"
# Settings that read variables, an engine's whole state, or a client's plugins from somewhere.
_LEADING = frozenset(("CONFIG", "DOCKER_CONFIG", "ENV_FILE", "STORAGE_PATH"))
# Where a workspace may lie: over none of an image's own files, and where no program is looked for.
_WORKSPACES = ("/drone", "/go/src", "/workspace", "/src")


@dataclass(frozen=True, kw_only=True, slots=True)
class PrivilegedPlugins:
    """Who may have every right.

    :param allowed: names of plugins, ``plugins/docker``; with a tag or digest, that one alone.
    :param trusted: the project is, so Drone's own list counts.
    """

    allowed: tuple[str, ...] = ()
    trusted: bool = False

    @classmethod
    def parse(cls, text: str, *, trusted: bool) -> PrivilegedPlugins:
        """Read ``[slipway] privileged_plugins``: names with commas or blanks in between.

        :raises ImageRefused: when one is no image's name.
        """
        names = tuple(text.replace(",", " ").split())
        for name in names:
            try:
                ImageName.parse(name)
            except ImageRefused as error:
                msg = f"[slipway] privileged_plugins: {error.message}"
                raise ImageRefused(msg, advice="write names such as plugins/docker") from error
        return cls(allowed=names, trusted=trusted)

    def refusal(
        self, step: Step, pipeline: Pipeline, *, image: str, stranger: bool = False
    ) -> str | None:
        """Say why a plugin that needs every right does not get them; empty where it does.

        None is the answer for every other step.

        :param step: with everything substituted.
        :param pipeline: as the file has it.
        :param image: what is used for the step's image.
        :param stranger: the commit is somebody's who may not push here.
        """
        known = _listed(step.image, (*DRONES, *self.allowed))
        if not known or step.privileged:
            return None
        if not _listed(step.image, (*self.allowed, *(DRONES if self.trusted else ()))):
            return "nobody allowed it here"
        if image != step.image:
            return f"{image} is used in its place, which is another image"
        if stranger:
            return "the commit is from a fork"
        if own := next((key for key in _OWN if getattr(step, key)), ""):
            return f"it has `{own}` of the repository's own"
        return "" if self.trusted else _led_astray(step, pipeline)

    def findings(self, pipeline: Pipeline) -> Iterator[tuple[Path, str]]:
        """Yield the place and what is wrong, for each step that will lack its rights."""
        for i, step in enumerate(pipeline.steps):
            if reason := self.refusal(step, pipeline, image=step.image):
                yield ("steps", i, "image"), self.message(step, reason)

    @staticmethod
    def message(step: Step, reason: str) -> str:
        """Say what will go wrong with a step."""
        return (
            f"{step.image} needs a privileged container, and runs without: {reason}; where it "
            "starts an engine of its own, the step will fail"
        )


ADVICE = (
    "whoever operates Slipway can allow it by name ([slipway] privileged_plugins), or the project "
    "file can trust the project (`test: {trusted: true}`)"
)


def _led_astray(step: Step, pipeline: Pipeline) -> str:
    """Say what of a step or its pipeline could lead the plugin to the repository's own programs."""
    variables: Mapping[str, Any] = {**pipeline.environment, **step.environment}
    settings = {f"{_SETTING}{name.upper()}": value for name, value in step.settings.items()}
    for name, value in (*variables.items(), *settings.items()):
        setting = name.removeprefix(_SETTING)
        if setting == name and name not in _PLAIN_VARIABLES:
            return f"the variable {name} may change what runs in it"
        if setting != name and setting in _LEADING and not isinstance(value, FromSecret):
            return f"the setting {setting.lower()} may change what runs in it"
    base = posixpath.normpath(pipeline.workspace.base)
    if not any(base == one or base.startswith(f"{one}/") for one in _WORKSPACES):
        return f"the workspace lies at {base}, where files of its own may be"
    return ""


def _listed(image: str, names: tuple[str, ...]) -> bool:
    """Tell whether an image is one of these: as registries know it, not as it looks."""
    try:
        found = ImageName.parse(image)
    except ImageRefused:
        return False
    return any(_is(found, ImageName.parse(name), name) for name in names)


def _is(found: ImageName, allowed: ImageName, written: str) -> bool:
    if found.repository != allowed.repository:
        return False
    if allowed.digest:
        return found.digest == allowed.digest
    tagged = ":" in written.rpartition("/")[2]
    return not tagged or (not found.digest and found.tag == allowed.tag)
