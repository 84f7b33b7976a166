"""Whatever a commit holds, it is compiled or refused with a typed error; nothing else."""

from __future__ import annotations

import os

from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.exceptions import PipelineFileError
from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.load import load
from slipway.pipeline.yaml.model import Pipeline, Step

WORDS = (
    "kind: pipeline\n",
    "type: docker\n",
    "name: a\n",
    "steps:\n",
    "services:\n",
    "- ",
    "  ",
    "image: i\n",
    "commands: [x]\n",
    "depends_on: [a]\n",
    "environment: {A: b}\n",
    "when: {}\n",
    "privileged: true\n",
    "<<: *x\n",
    "&x ",
    "*x",
    "!!map ",
    "{",
    "}",
    "[",
    "]",
    ": ",
    ", ",
    "\n",
    "---\n",
    "...\n",
    "|\n",
    "'",
    '"',
    "\t",
    "~",
    "null",
    "? ",
    "$${x}",
    "\\0",
    "%YAML 1.1\n",
)
TEXT = st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=25).map("".join)
WORD = st.sampled_from(
    [
        "x",
        "a",
        "1",
        "''",
        "~",
        "0",
        "true",
        "512m",
        "always",
        "fast",
        "push",
        "tag",
        "'*'",
        "'{a'",
        "'[!'",
        "failure",
        "'${DRONE_TAG##v}'",
        "'${'",
        "'$${A}'",
        "'${A'",
        "clone",
        "/x",
        "'8080:80'",
        "'a:1.1.1.1'",
        "'\\0'",
        "memory",
        "docker",
        "exec",
    ]
)
INNER = st.sampled_from(
    [
        "name",
        "image",
        "from_secret",
        "A",
        "include",
        "exclude",
        "path",
        "branch",
        "event",
        "status",
        "limits",
        "memory",
        "cpu",
        "port",
        "host",
        "temp",
        "medium",
        "size_limit",
        "base",
        "depth",
    ]
)


def _mapping(items: dict[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in items.items()) + "}"


VALUES = st.recursive(
    WORD,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(INNER, inner, max_size=3).map(_mapping)
    ),
    max_leaves=8,
)
STEP_KEYS = st.sampled_from([*Step.model_fields, "nonsense"])
TOP_KEYS = st.sampled_from(
    [*(Pipeline.model_fields.keys() - {"kind", "steps"}), "matrix", "branches", "nonsense"]
)
STEP = st.dictionaries(STEP_KEYS, VALUES, max_size=5).map(
    lambda keys: "- " + _mapping({"name": "a", "image": "i", **keys}) + "\n"
)
TOP = st.dictionaries(TOP_KEYS, VALUES, max_size=4).map(
    lambda keys: "".join(f"{key}: {value}\n" for key, value in keys.items())
)
PIPELINE = st.tuples(TOP, st.lists(STEP, min_size=1, max_size=4)).map(
    lambda parts: f"{parts[0]}kind: pipeline\nsteps:\n{''.join(parts[1])}"
)
OLD_STEP = st.dictionaries(
    st.sampled_from(
        ["image", "commands", "secrets", "environment", "group", "when", "volumes", "repo", "pull"]
    ),
    VALUES,
    max_size=5,
).map(_mapping)
OLD = st.tuples(TOP, st.dictionaries(st.sampled_from("abc"), OLD_STEP, max_size=3)).map(
    lambda parts: f"{parts[0]}pipeline: {_mapping(parts[1])}\n"
)
SECTION = st.dictionaries(st.sampled_from("abc"), OLD_STEP, max_size=2).map(_mapping)
OLDER = st.tuples(
    TOP,
    OLD_STEP,
    st.sampled_from(["compose", "publish", "deploy", "notify", "matrix"]),
    SECTION | VALUES,
).map(lambda parts: f"{parts[0]}build: {{image: 'i$$A', {parts[1][1:]}\n{parts[2]}: {parts[3]}\n")
OLDEST = TOP.map(lambda top: f"{top}image: i\nscript: [a]\n")
# What each key takes: pipelines of these are nearly always well-formed, so they reach the compiler.
LIST = "[x, '${DRONE_TAG}', '$${A}']"
GOOD = {
    "commands": [LIST, "['echo ${DRONE_COMMIT_MESSAGE} ${a[@]} ${', 'x: y']", "[]"],
    "environment": ["{A: b, B: {from_secret: s}}", "{A: '${NONE:=x}'}", "{}"],
    "settings": ["{a: 1, b: [x, yes], c: {d: 1.5}, e: {from_secret: s}, f: }", "{a: [[b]]}"],
    "when": [
        "{branch: [main, 'f/*'], event: push}",
        "{status: [failure]}",
        "{ref: {exclude: '**'}}",
    ],
    "depends_on": ["[]", "[clone]", "[s0]", "[s1, s0]"],
    "volumes": ["[{name: v, path: /v}]", "[{name: w, path: /w}]"],
    "pull": ["always", "never", "true"],
    "failure": ["ignore", "fast"],
    "detach": ["true", "false"],
    "command": [LIST],
    "entrypoint": ["[]", "[sh, -c]"],
    "shell": ["/bin/bash"],
    "user": ["root"],
    "working_dir": ["/x", "'${DRONE_BRANCH//[/]/-}'"],
    "mem_limit": ["1g", "7"],
    "resources": ["{limits: {cpu: 100, memory: 1GiB}}"],
    "ports": ["[80, 90/udp]"],
}
GOOD_STEP = st.fixed_dictionaries(
    {}, optional={key: st.sampled_from(values) for key, values in GOOD.items()}
)
GOOD_TOP = st.fixed_dictionaries(
    {"volumes": st.just("[{name: v, temp: {}}, {name: w, temp: }]")},
    optional={
        "clone": st.sampled_from(["{disable: true}", "{depth: 3}"]),
        "trigger": st.sampled_from(["{branch: main}", "{status: [success, failure]}"]),
        "workspace": st.sampled_from(["{base: /go, path: src}", "{path: ../..}", "{base: /}"]),
        "environment": st.just("{S: t, U: {from_secret: v}}"),
        "platform": st.sampled_from(["{arch: arm64}", "{os: windows}"]),
        "node": st.just("{a: b}"),
        "name": st.sampled_from(["x", "'${DRONE_TAG}'", "'a b'"]),
    },
)


def _whole(parts: tuple[dict[str, str], list[dict[str, str]]]) -> str:
    top = "".join(f"{key}: {value}\n" for key, value in parts[0].items())
    steps = (
        "- " + _mapping({"name": f"s{number}", "image": "i", **step}) + "\n"
        for number, step in enumerate(parts[1])
    )
    return f"{top}kind: pipeline\nsteps:\n{''.join(steps)}"


GOOD_PIPELINE = st.tuples(GOOD_TOP, st.lists(GOOD_STEP, min_size=1, max_size=4)).map(_whole)
# Cases of each of the five kinds of input; SLIPWAY_FUZZ=2000 makes it 10,000 in all.
CASES = int(os.environ.get("SLIPWAY_FUZZ", "150"))


def compiles_or_is_refused(data: bytes) -> None:
    try:
        pipeline = load(data, file="f", trusted=False)
    except PipelineFileError as error:
        str(error)  # showing the place must not fail either
    else:
        compile_file(pipeline, Build(id="x"))


@settings(max_examples=CASES, deadline=None)
@given(st.binary(max_size=80) | TEXT.map(lambda text: text.encode(errors="replace")))
def test_any_text(data: bytes) -> None:
    compiles_or_is_refused(data)


@settings(max_examples=CASES, deadline=None)
@given(PIPELINE)
def test_anything_like_a_pipeline(text: str) -> None:
    compiles_or_is_refused(text.encode())


@settings(max_examples=CASES, deadline=None)
@given(st.lists(PIPELINE, min_size=2, max_size=3).map("---\n".join))
def test_anything_like_several_pipelines(text: str) -> None:
    compiles_or_is_refused(text.encode())


@settings(max_examples=CASES, deadline=None)
@given(OLD | OLDER | OLDEST)
def test_anything_like_an_earlier_form(text: str) -> None:
    compiles_or_is_refused(text.encode())


@settings(max_examples=CASES, deadline=None)
@given(GOOD_PIPELINE)
def test_anything_well_formed(text: str) -> None:
    compiles_or_is_refused(text.encode())
