"""The variables that tell a step how the run stands when it starts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildStatus:
    """How the build stands besides the pipeline that runs.

    :param started: when it began, seconds since 1970.
    :param failed: pipelines that have failed already.
    """

    started: int = 0
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What has failed by now.

    :param steps: of the pipeline that runs.
    :param pipelines: others of the build.
    """

    steps: tuple[str, ...] = ()
    pipelines: tuple[str, ...] = ()


def status_variables(
    build: BuildStatus, *, started: int, now: int, standing: Standing
) -> dict[str, str]:
    """Return the variables, with the names and words of Drone.

    :param build: how it stands besides this pipeline.
    :param started: when the pipeline began, seconds since 1970.
    :param now: seconds since 1970.
    :param standing: what has failed since.
    """
    pipelines = tuple(dict.fromkeys((*build.failed, *standing.pipelines)))
    stage = "failure" if standing.steps else "success"
    whole = "failure" if standing.steps or pipelines else "success"
    return {
        "CI_BUILD_FINISHED": str(now),
        "CI_BUILD_STARTED": str(build.started or started),
        "CI_BUILD_STATUS": whole,
        "CI_JOB_FINISHED": str(now),
        "CI_JOB_STARTED": str(started),
        "CI_JOB_STATUS": stage,
        "DRONE_BUILD_FINISHED": str(now),
        "DRONE_BUILD_STARTED": str(build.started or started),
        "DRONE_BUILD_STATUS": whole,
        "DRONE_FAILED_STAGES": ",".join(pipelines),
        "DRONE_FAILED_STEPS": ",".join(standing.steps),
        "DRONE_STAGE_FINISHED": str(now),
        "DRONE_STAGE_STARTED": str(started),
        "DRONE_STAGE_STATUS": stage,
    }


# What is not known before a step starts.
NAMES = frozenset(status_variables(BuildStatus(), started=0, now=0, standing=Standing()))
# How a build stands before anything has run.
AT_FIRST = {name: "success" if name.endswith("_STATUS") else "" for name in NAMES}
