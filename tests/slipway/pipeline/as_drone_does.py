"""The comparison with Drone: a construct, what its documentation or runner does, and what we do.

Each row is checked by :mod:`test_as_drone_does`, and stands in ``docs/pipeline-file.md`` as it is.
"""

from __future__ import annotations

from tests.slipway.pipeline.drone.reading import READING
from tests.slipway.pipeline.drone.rows import Row
from tests.slipway.pipeline.drone.steps import STEPS, SUBSTITUTION

VARIABLES = [
    Row(
        construct="variables that are empty",
        drone="unset",
        text="steps: [{name: a, image: i, environment: {E: ''}}]",
        check=lambda one: not {"E", "DRONE_DEPLOY_TO"} & one.step().container.environment.keys(),
    ),
    Row(
        construct="secrets that are missing, or that a fork must not see",
        drone="empty",
        here="the same, and the log names them",
    ),
    Row(
        construct="a step's own `DRONE_BRANCH`",
        drone="wins in its environment; `${DRONE_BRANCH}` is the build's",
        text="steps: [{name: a, image: i, environment: {DRONE_BRANCH: own}, "
        "commands: ['echo $DRONE_BRANCH ${DRONE_BRANCH}']}]",
        check=lambda one: one.output.endswith("\nown main\n"),
    ),
    Row(
        construct="the pipeline's `environment`",
        drone="loses to the build's variables and to the step's",
        text="environment: {DRONE_BRANCH: x, A: '1'}\nsteps: [{name: a, image: i}]",
        check=lambda one: (
            (
                one.step().container.environment["DRONE_BRANCH"],
                one.step().container.environment["A"],
            )
            == ("main", "1")
        ),
    ),
    Row(
        construct="numbers in settings: `1.10`, `1e3`, `010`",
        drone="what YAML makes of them: `1.1`, `1000`, `8`",
        here="as they are written: a version is no number",
        text="steps: [{name: a, image: i, settings: {v: 1.10, n: 010}}]",
        check=lambda one: (
            (
                one.step().container.environment["PLUGIN_V"],
                one.step().container.environment["PLUGIN_N"],
            )
            == ("1.10", "010")
        ),
    ),
    Row(
        construct="`from_secrets`, `secret` and the like in place of `from_secret`",
        drone="an empty variable; in settings, a text for the plugin",
        here="the same, with a warning",
        text="steps: [{name: a, image: i, environment: {A: {from_secrets: s}}}]",
        warns="unknown-key",
        check=lambda one: not one.step().secrets,
    ),
    Row(
        construct="`from_secret` deeper in a setting",
        drone="is text",
        here="the same, with a warning",
        text="steps: [{name: a, image: i, settings: {x: [{from_secret: s}]}}]",
        warns="nested-secret",
        check=lambda one: one.step().container.environment["PLUGIN_X"] == '[{"from_secret":"s"}]',
    ),
    Row(
        construct="`DRONE_CARD_PATH`, `DRONE_BUILD_DEBUG`, `DRONE_DEPLOY_ID`, `DRONE_COMMIT_LINK`",
        drone="`/dev/stdout`, `false`, the deployment's number, the page of the commit or "
        "comparison",
        here="`/dev/stdout` (cards are not shown), `false`, `0`, the page of the commit",
        text="steps: [{name: a, image: i}]",
        check=lambda one: (
            one.step().container.environment["DRONE_COMMIT_LINK"].endswith("/commit/abc")
        ),
    ),
    Row(
        construct="`DRONE_PULL_REQUEST_TITLE`",
        drone="the title",
        here="the commit's subject: more is not known",
    ),
]
TABLES = {"Reading": READING, "Steps": STEPS, "Substitution": SUBSTITUTION, "Variables": VARIABLES}
