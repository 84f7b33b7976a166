"""The comparison with Drone: a construct, what its documentation or runner does, and what we do.

Each row is checked by :mod:`test_as_drone_does`, and stands in ``docs/pipeline-file.md`` as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from slipway.pipeline.compiler.spec import BuildSpec, StepSpec

SAME = "the same"
MESSAGE = 'It\'s "new"; $(touch pwned)\n\nAnd more.'


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What becomes of a file.

    :param warned: rules of its warnings.
    :param refused: rules of its mistakes, where it is not taken.
    :param output: what the commands of its steps print.
    """

    spec: BuildSpec | None
    warned: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    output: str = ""

    def step(self, name: str = "a") -> StepSpec:
        assert self.spec is not None
        pipelines = self.spec.pipelines
        steps = [step for one in pipelines for step in (*one.services, *one.steps)]
        return next(step for step in steps if step.name == name)

    def unmet(self, name: str) -> str:
        assert self.spec is not None
        return next(one.unmet for one in self.spec.pipelines if one.name == name)


Check: TypeAlias = Callable[[Outcome], object]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A construct.

    :param text: a file that has it; ``kind: pipeline`` is put before one that begins otherwise.
    :param warns: the rule of its warning.
    :param refused: the rule that it breaks.
    :param check: is true of what becomes of the file.
    """

    construct: str
    drone: str
    here: str = SAME
    text: str = ""
    warns: str = ""
    refused: str = ""
    check: Check = field(default=lambda _: True)
    more: Mapping[str, str] = field(default_factory=dict)

    def line(self) -> str:
        """Return the row as the page has it."""
        return f"| {self.construct} | {self.drone} | {self.here} |"


A = "steps: [{name: a, image: i, commands: [%s]}]"
READING = [
    Row(
        construct="a key that it does not know, anchors under one",
        drone="ignored",
        here="a warning with the nearest key",
        text=f"shared: {{image: i}}\n{A % 'x'}",
        warns="unknown-key",
    ),
    Row(
        construct="keys of plugins and of 0.8 in a step (`group`, `secrets`, `auto_tag`)",
        drone="ignored",
        here="a warning that says what to write today",
        text="steps: [{name: a, image: i, secrets: [x], commands: [x]}]",
        warns="unknown-key",
        check=lambda one: not one.step().secrets,
    ),
    Row(
        construct="the same key twice",
        drone="the last one counts",
        here="the same, with a warning",
        text="steps:\n- name: a\n  image: i\n  image: j\n",
        warns="duplicate-key",
        check=lambda one: one.step().image == "j",
    ),
    Row(
        construct="`<<: *base` in a step",
        drone="`environment`, `settings`, `when` and the like are put together key by key; lists "
        "and values are replaced",
        text="x-b: &b {environment: {A: '1', B: '1'}, commands: [x]}\n"
        "steps:\n- {<<: *b, name: a, image: i, environment: {B: '2'}}",
        check=lambda one: (
            (one.step().container.environment["A"], one.step().container.environment["B"])
            == ("1", "2")
        ),
    ),
    Row(
        construct="a line that begins with `...`",
        drone="ends the file",
        here="the same, with a warning if anything follows",
        text=f"{A % 'x'}\n...\nsteps: []\n",
        warns="after-the-end",
    ),
    Row(
        construct="a word of `event` or `status` that is none",
        drone="matches nothing",
        here="the same, with a warning",
        text="steps: [{name: a, image: i, when: {status: [success, changed]}}]",
        warns="unknown-word",
        check=lambda one: one.step().policy == "on-success",
    ),
    Row(
        construct="a word of `pull` or `failure` that is none",
        drone="the default counts",
        here="the same, with a warning",
        text="steps: [{name: a, image: i, failure: never, pull: daily}]",
        warns="unknown-word",
        check=lambda one: (one.step().failure, one.step().pull) == ("fail", "refresh"),
    ),
    Row(
        construct="`when: {paths: ...}`",
        drone="the docker runner looks at no paths",
        here="the same, with a warning",
        text="steps: [{name: a, image: i, when: {paths: [src/**]}}]",
        warns="unknown-key",
        check=lambda one: not one.step().unmet,
    ),
    Row(
        construct="what is no pattern in a condition: a list in a list, a mapping",
        drone="ignored",
        here="the same, with a warning",
        text="steps: [{name: a, image: i, when: {branch: [[x], {y: z}]}}]",
        warns="condition",
        check=lambda one: not one.step().unmet,
    ),
    Row(
        construct="`include: dev`, a text in place of a list",
        drone="is lost, so everything matches",
        here="a list of one, with a warning",
        text="steps: [{name: a, image: i, when: {branch: {include: dev}}}]",
        warns="condition",
        check=lambda one: one.step().unmet,
    ),
    Row(
        construct="a tag of nobody's: `!foo x`",
        drone="ignored",
        here="the same, with a warning",
        text="steps: [{name: a, image: !foo i}]",
        warns="tag",
        check=lambda one: one.step().image == "i",
    ),
    Row(
        construct="tabs between words; an anchor's name that is used twice",
        drone="taken; the last one before an alias counts",
        text="x-a: &a {image: i}\t# one\nx-b: &a {image: j}\nsteps:\t\n- <<: *a\n  name:\ta\n",
        check=lambda one: one.step().image == "j",
    ),
    Row(
        construct="a line that begins with `---`, such as a ruler",
        drone="begins another document",
        text=f"{A % 'x'}\n--------\nkind: pipeline\nname: b\nsteps: [{{name: b, image: i}}]\n",
        check=lambda one: one.step("b"),
    ),
    Row(
        construct="a document for another runner (`exec`, `ssh`, ...)",
        drone="waits for such a runner",
        here="left out, with a warning, as is what waits for it; refused if there is nothing else",
        text=f"name: one\n{A % 'x'}\n---\nkind: pipeline\ntype: exec\nname: two\n---\n"
        "kind: pipeline\nname: three\ndepends_on: [two]\nsteps: [{name: b, image: i}]\n",
        warns="unsupported-type waits-for-another-runner",
        check=lambda one: (
            (one.unmet("one"), one.unmet("three")) == ("", "waits for two, which is not run here")
        ),
    ),
    Row(
        construct="a document without a kind, or of an unknown one",
        drone="ignored",
        here="a warning; refused if there is nothing else",
        text=f"{A % 'x'}\n---\nname: x\n",
        warns="missing-key",
    ),
    Row(
        construct="documents of kind `secret`, `signature`, `cron`, `template`",
        drone="belong to its server",
        here="not read, and the log says so",
        text=f"{A % 'x'}\n---\nkind: signature\nhmac: 0\n",
        check=lambda one: one.spec and one.spec.notices[0].startswith("document 2"),
    ),
    Row(
        construct="a step without a name",
        drone="has an empty one",
        here="called by its number, with a warning",
        text="steps: [{image: i}]",
        warns="missing-name",
        check=lambda one: one.step("step-1"),
    ),
    Row(
        construct="a pipeline without steps",
        drone="clones, and passes",
        here="not run, with a warning: nothing was tested",
        text="name: x\nsteps: []",
        warns="no-steps",
        check=lambda one: one.unmet("x") == "it has no steps",
    ),
    Row(
        construct="Drone 0.8 (`pipeline:`), with matrix and secrets",
        drone="converted",
        here="the same; steps of one `group` run side by side",
        text="pipeline: {a: {image: i, commands: [x], secrets: [token]}}",
        check=lambda one: one.step().secrets == {"TOKEN": "token"},
    ),
    Row(
        construct="0.8: `when: {matrix: ...}`",
        drone="lost when it is converted, so the step runs in every variant",
        here="the step is left out of the other variants; `local` and `platform` earn a warning",
        text="pipeline: {a: {image: i}, b: {image: i, when: {matrix: {V: '2'}}}}\n"
        "matrix: {V: ['1']}",
        check=lambda one: one.spec and len(one.spec.pipelines[0].steps) == 1,
    ),
    Row(
        construct="0.8: `command: redis-server --port 7000`",
        drone="one word, which is no program",
        here="three words, as 0.8 had it, with a warning",
        text="pipeline: {a: {image: i, command: redis-server --port 7000}}",
        warns="words",
        check=lambda one: one.step().container.argv == ("redis-server", "--port", "7000"),
    ),
    Row(
        construct="2015 (`build`, `compose`, `publish`, `deploy`, `notify`), 2014 (`image`, "
        "`script`)",
        drone="no longer read",
        here="converted; `$$NAME` is a secret of that name, in a command or as a whole value; "
        "`cache` is named as not kept",
        text="build: {image: i, commands: [x]}\nnotify: {slack: {webhook_url: $$HOOK}}",
        check=lambda one: one.step("slack").secrets == {"PLUGIN_WEBHOOK_URL": "HOOK"},
    ),
    Row(
        construct="`type: kubernetes`",
        drone="another runner's",
        here="run as a docker pipeline if no volume needs a cluster; keys without a meaning are "
        "named",
        text="type: kubernetes\nnode_selector: {a: b}\nsteps: [{name: a, image: i}]",
        warns="unknown-key",
        check=lambda one: one.step(),
    ),
    Row(
        construct="jsonnet, starlark",
        drone="evaluated by its server",
        here="refused: generate the YAML and commit it",
        text="// x",
        refused="scripted",
        more={"file": ".drone.jsonnet"},
    ),
]
STEPS = [
    Row(
        construct="`depends_on: []` and nothing else",
        drone="makes no graph: steps run one after the other",
        text="steps: [{name: b, image: i, depends_on: []}, {name: a, image: i}]",
        check=lambda one: one.step().depends_on == ("b",),
    ),
    Row(
        construct="`depends_on` of a service",
        drone="taken",
        here="the same, with a warning: services are ready before any step",
        text="services: [{name: s, image: i}]\nsteps: [{name: a, image: i, depends_on: [s]}]",
        warns="service-dependency",
        check=lambda one: one.step().depends_on == (),
    ),
    Row(
        construct="a service that depends on a step, steps that wait for each other",
        drone="refused",
        text="services: [{name: s, image: i, depends_on: [a]}]\nsteps: [{name: a, image: i}]",
        refused="service-waits",
    ),
    Row(
        construct="a step that is called `clone`",
        drone="refused, unless `clone: {disable: true}`",
        here="taken, with a warning: the sources are there before",
        text="steps: [{name: clone, image: i}]",
        warns="own-clone",
    ),
    Row(
        construct="a volume that nothing defines, or that is neither `temp` nor `host`",
        drone="nothing is mounted",
        here="the same, with a warning",
        text="steps: [{name: a, image: i, volumes: [{name: v, path: /v}]}]",
        warns="unknown-volume",
        check=lambda one: one.step().mounts == {},
    ),
    Row(
        construct="a volume at `/run/drone`",
        drone="refused",
        text="volumes: [{name: v, temp: {}}]\n"
        "steps: [{name: a, image: i, volumes: [{name: v, path: /run/drone/env}]}]",
        refused="volume-path",
    ),
    Row(
        construct="`privileged`, `devices`, host volumes, `network_mode`, `dns`, ... in a project "
        "that is not trusted",
        drone="refused",
        text="steps: [{name: a, image: i, privileged: true}]",
        refused="untrusted",
    ),
    Row(
        construct="`ports` of the host",
        drone="ignored, in any form",
        here="published for trusted projects; for others, and where it is no port, a warning",
        text="services: [{name: a, image: i, ports: ['5432:5432', nothing]}]\n"
        "steps: [{name: b, image: i}]",
        warns="ports",
        check=lambda one: not one.step().container.ports,
    ),
    Row(
        construct="services",
        drone="started, and not waited for",
        here="waited for until they accept connections: a `sleep` in every file is no answer",
    ),
    Row(
        construct="`pull: true`",
        drone="no word of its own, so the default",
        here="`always`, as it was meant in 0.8",
        text="steps: [{name: a, image: 'i:1', pull: true}]",
        check=lambda one: one.step().pull == "always",
    ),
    Row(
        construct="`shell: /bin/bash`",
        drone="the docker runner uses `/bin/sh` all the same",
        here="kept: whoever writes it needs it; one that is no Unix shell is a warning",
        text="steps: [{name: a, image: i, shell: /bin/bash, commands: [x]}]",
        check=lambda one: one.step().container.entrypoint == ("/bin/bash", "-c"),
    ),
    Row(
        construct="`resources: {limits: ...}`",
        drone="the docker runner knows none",
        here="kept; what is no amount is a warning, as is `500m` for 500 thousandths of a core",
        text="steps: [{name: a, image: i, resources: {limits: {memory: 1GiB, cpu: 500m}}}]",
        warns="resources",
        check=lambda one: one.step().container.limits.memory == 1 << 30,
    ),
    Row(
        construct="`concurrency: {limit: ...}`",
        drone="so many builds at once",
        here="kept by Airflow: commits of a project are tested one after the other",
        text=f"concurrency: {{limit: 1}}\n{A % 'x'}",
    ),
]
SUBSTITUTION = [
    Row(
        construct="`$$`",
        drone="one dollar, everywhere: `$$HOME`, `$${HOME}`, `5$$`",
        text="steps: [{name: a, image: i, environment: {P: 5$$}, commands: ['echo $$P $${P}']}]",
        check=lambda one: (
            (one.step().container.environment["P"], one.output.splitlines()[-1]) == ("5$", "5$ 5$")
        ),
    ),
    Row(
        construct="`\\\\` and `\\/`",
        drone="the first backslash is dropped, everywhere",
        here="the same, with a warning for `\\/` in a command",
        warns="backslash",
        text="steps: [{name: a, image: i, commands: ['printf %s ''a\\/b\\\\/c''']}]",
        check=lambda one: one.output.endswith("\na/b\\/c"),
    ),
    Row(
        construct="`${V:0:8}`, `${V##v}`, `${V/a/b}`, `${V^^}`, `${V=x}`, ...",
        drone="replaced, in names of settings and of steps as well",
        text="steps: [{name: 'a-${DRONE_TAG##v}', image: i, settings: {'to_${DRONE_TAG/./_}': x}}]",
        check=lambda one: one.step("a-1.2").container.environment["PLUGIN_TO_V1_2"] == "x",
    ),
    Row(
        construct="`${NAME}` that is no variable of the build",
        drone="empty",
        here="empty; in `commands` left to the shell, which may have it",
        text="steps: [{name: a, image: 'i:${X}1', commands: ['X=y; echo ${X}']}]",
        check=lambda one: (one.step().image, one.output.splitlines()[-1]) == ("i:1", "y"),
    ),
    Row(
        construct="`${UNKNOWN:0:7}` and other forms of bash, in a command",
        drone="empty",
        here="left to the shell, with a warning: not every `/bin/sh` knows them",
        text='steps: [{name: a, image: i, commands: ["true ${COMMIT:0:7}"]}]',
        warns="form-of-bash",
    ),
    Row(
        construct="`${T/#v/}`; `${T: -1}`; `${#U}`; `${T^^[f]}`",
        drone="unchanged; the whole value; bytes; refused",
        here="as bash has them: without its `v`; the last one; characters; upper case",
        text="steps: [{name: '${DRONE_TAG/#v/}', image: 'i:${DRONE_TAG: -1}'}]",
        check=lambda one: one.step("1.2").image == "i:2",
    ),
    Row(
        construct="`${a[@]}` and other forms that are none",
        drone="refused",
        here="refused; in `commands` left to the shell",
        text="steps: [{name: a, image: 'i:${a[@]}'}]",
        refused="substitution",
    ),
    Row(
        construct="the name of a pipeline",
        drone="never replaced",
        text="name: x-${DRONE_TAG}\nsteps: [{name: a, image: i}]",
        check=lambda one: one.spec and one.spec.pipelines[0].name == "x-${DRONE_TAG}",
    ),
    Row(
        construct="a commit's text in a command, in any quotes",
        drone="pasted: a quote or `$(...)` in it breaks the command, or runs",
        here="arrives letter by letter and does not become a command",
        text="steps:\n- name: a\n  image: i\n  commands:\n"
        "  - |\n    printf %s '<${DRONE_COMMIT_MESSAGE}>'\n    cat <<'END'\n"
        "    ${DRONE_COMMIT_MESSAGE}\n    END\n",
        check=lambda one: one.output.endswith(f"<{MESSAGE}>{MESSAGE}\n"),
    ),
    Row(
        construct="a text of several lines",
        drone="becomes one line, in double quotes and with `\\n`",
        here="keeps its lines",
        text="steps: [{name: a, image: i, commands: ['printf %s \"${DRONE_COMMIT_MESSAGE}\"']}]",
        check=lambda one: one.output.endswith(f"\n{MESSAGE}"),
    ),
    Row(
        construct="a commit's text as code of another program (`awk`, `python -c`, `ssh`, ...), "
        "or told to one that may run it",
        drone="pasted",
        here="used if it can only be text there; otherwise that build is refused, at the place",
        text="steps:\n- name: a\n  image: i\n  commands:\n"
        "  - python3 -c 'x = ${DRONE_COMMIT_MESSAGE}'\n",
        refused="commit-text-in-code",
    ),
]
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
