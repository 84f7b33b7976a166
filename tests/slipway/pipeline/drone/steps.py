"""How steps run, and what is substituted in them."""

from __future__ import annotations

from tests.slipway.pipeline.drone.rows import MESSAGE, A, Row

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
        construct="`from_secret: token_${DRONE_BRANCH}`, `workspace: {path: src/${DRONE_REPO}}`",
        drone="replaced",
        text="workspace: {path: 'src/${DRONE_BRANCH}'}\n"
        "steps: [{name: a, image: i, environment: {T: {from_secret: 'token_${DRONE_BRANCH}'}}}]",
        check=lambda one: (
            (one.step().secrets, one.step().container.working_dir)
            == ({"T": "token_main"}, "/drone/src/src/main")
        ),
    ),
    Row(
        construct="a variable in place of a number, a size, or true or false",
        drone="replaced",
        here="refused: such values are not the commit's to say",
        text="steps: [{name: a, image: i, mem_limit: '${NOPE:-64m}'}]",
        refused="wrong-value",
    ),
    Row(
        construct="what only a trusted project may have, or nobody, by way of a variable",
        drone="refused",
        text="volumes: [{name: v, temp: {medium: '${NOPE:-memory}'}}]\n"
        "steps: [{name: a, image: i}]",
        refused="untrusted",
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
