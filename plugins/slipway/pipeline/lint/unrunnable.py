"""What a file may say, and what then goes wrong, or nowhere, when its steps run: told beforehand.

Drone passes over it until the engine or the shell refuses it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from slipway.pipeline.lint.rules import containers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from slipway.pipeline.yaml.diagnostics import Path
    from slipway.pipeline.yaml.model import Pipeline

    # Rule, place, message, advice.
    Finding: TypeAlias = tuple[str, Path, str, str]

# A form of bash's, of a name that no build has: Drone puts nothing there. With two dollars it is
# meant for the shell.
_OF_BASH = re.compile(
    r"(?<![$\\])\$\{(?!CI\b|CI_|DRONE_)[A-Za-z_]\w*(?::[ 0-9]|/|\^|,)[^{}\n]{0,80}\}"
)
_BASHES = re.compile(r"(^|/)(bash|zsh|ksh|mksh)$")


def paths(pipeline: Pipeline) -> Iterator[Finding]:
    """Yield what the engine takes for no path: the step fails, and others may be none the worse."""
    for path, step in containers(pipeline):
        if step.working_dir and _relative(step.working_dir):
            message = f"the engine refuses `{step.working_dir}` as a folder, so this step will fail"
            yield "relative-path", (*path, "working_dir"), message, "begin it with `/`"
        for key, mounts in (("volumes", step.volumes), ("devices", step.devices)):
            for i, mount in enumerate(mounts):
                if _relative(mount.path):
                    message = f"the engine mounts nothing at `{mount.path}`, so this step will fail"
                    place: Path = (*path, key, i, "path")
                    yield "relative-path", place, message, "begin it with `/`"


def _relative(path: str) -> bool:
    """Tell whether a path is none of a container's; one that is a variable's may be."""
    return not path.startswith(("/", "$"))


def ports(pipeline: Pipeline, *, trusted: bool) -> Iterator[Finding]:
    """Yield the ports that lead nowhere."""
    for path, step in containers(pipeline):
        for port in step.ports:
            if port.host and not trusted:
                message = f"port {port.host} of the host is not published for this project"
                advice = "everything of a pipeline reaches a service by its name"
                yield "ports", (*path, "ports"), message, advice


def forms_of_bash(pipeline: Pipeline) -> Iterator[Finding]:
    """Yield the forms that are left to a shell which may not know them."""
    for path, step in containers(pipeline):
        if step.shell and _BASHES.search(step.shell):
            continue
        for i, command in enumerate(step.commands):
            if found := _OF_BASH.search(command):
                message = (
                    f"`{found[0]}` is no variable of the build, so it is left to the shell, and "
                    "/bin/sh of many images does not know this form"
                )
                advice = "use `cut`, `tr` or `sed`, or `shell: /bin/bash` where the image has it"
                yield "form-of-bash", (*path, "commands", i), message, advice
