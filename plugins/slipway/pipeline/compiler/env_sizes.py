"""What the kernel takes as the variables of a program.

Beyond it a container's program does not start at all, with words about an argument list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway.exceptions import PipelineFileError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slipway.pipeline.compiler.spec import StepSpec

# Bytes: of one variable with its name (Linux' MAX_ARG_STRLEN, less the zero at its end), and of all
# of them (a quarter of the usual stack of 8 MiB, less what a run adds).
LONGEST, LONGEST_OF_ALL = (128 << 10) - 1, (2 << 20) - (256 << 10)
# Bytes of what a commit says of itself: its message stands in several variables.
_LONGEST_VALUE = 64 << 10
_ADVICE = "put long texts into files in the repository, and read them there"


class EnvironmentTooLarge(PipelineFileError):
    """No program can be started with the variables of a step."""


def bounded(variables: Mapping[str, str]) -> dict[str, str]:
    """Cut the build's variables: whoever pastes a log into a commit message wants a build."""
    return {name: _cut(value) for name, value in variables.items()}


def startable(step: StepSpec) -> StepSpec:
    """Return a step whose program can be started with its variables.

    :raises EnvironmentTooLarge: naming the step, the largest variable and the limit.
    """
    runnable(step, step.container.environment)
    return step


def runnable(step: StepSpec, environment: Mapping[str, str]) -> None:
    """Check what a step's program is started with.

    :param step: the compiled step.
    :param environment: its variables, the secrets among them.
    :raises EnvironmentTooLarge: naming the step, the largest variable and the limit.
    """
    sizes = {name: len(f"{name}={value}".encode()) for name, value in environment.items()}
    words = [*(step.container.entrypoint or ()), *(step.container.argv or ())]
    sizes |= {
        f"word {number} of what it runs": len(word.encode()) for number, word in enumerate(words, 1)
    }
    name = max(sizes, key=lambda one: sizes[one], default="")
    if name and sizes[name] > LONGEST:
        what = f"{name} (the secret {step.secrets[name]!r})" if name in step.secrets else name
        msg = f"step {step.name!r}: {what} would have {sizes[name]} bytes; {LONGEST} is the limit"
        raise EnvironmentTooLarge(msg, advice=_ADVICE)
    whole = sum(sizes.values())
    if whole > LONGEST_OF_ALL:
        msg = (
            f"step {step.name!r}: its variables would have {whole} bytes, most of them {name}; "
            f"{LONGEST_OF_ALL} is the limit"
        )
        raise EnvironmentTooLarge(msg, advice=_ADVICE)


def _cut(value: str) -> str:
    if len(value) <= _LONGEST_VALUE // 4:
        return value
    data = value.encode(errors="replace")
    if len(data) <= _LONGEST_VALUE:
        return value
    return data[:_LONGEST_VALUE].decode(errors="ignore")
