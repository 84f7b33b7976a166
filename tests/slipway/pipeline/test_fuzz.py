"""Whatever a commit holds, it is compiled or refused with a typed error; nothing else."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.exceptions import PipelineFileError
from slipway.pipeline.compiler import Build, compile_file
from slipway.pipeline.load import load

WORDS = (
    "kind: pipeline\n", "type: docker\n", "name: a\n", "steps:\n", "services:\n", "- ", "  ",
    "image: i\n", "commands: [x]\n", "depends_on: [a]\n", "environment: {A: b}\n", "when: {}\n",
    "privileged: true\n", "<<: *x\n", "&x ", "*x", "!!map ", "{", "}", "[", "]", ": ", ", ", "\n",
    "---\n", "|\n", "'", '"', "\t", "~", "null", "? ", "$${x}", "\\0", "%YAML 1.1\n",
)  # fmt: skip
TEXT = st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=25).map("".join)
VALUES = st.recursive(
    st.sampled_from(["x", "a", "1", "", "~", "'0'"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(st.sampled_from(["name", "image", "from_secret", "A"]), inner, max_size=3)
        .map(lambda items: "{" + ", ".join(f"{k}: {v}" for k, v in items.items()) + "}")
    ),
    max_leaves=6,
)  # fmt: skip
KEYS = st.sampled_from(
    ["name", "image", "commands", "environment", "depends_on", "detach", "pull", "failure",
     "command", "entrypoint", "user", "when", "settings", "nonsense", "privileged"]
)  # fmt: skip
STEP = st.dictionaries(KEYS, VALUES, max_size=4).map(
    lambda keys: "- {name: a, image: i" + "".join(f", {k}: {v}" for k, v in keys.items()) + "}\n"
)
PIPELINE = st.lists(STEP, max_size=4).map(lambda steps: f"kind: pipeline\nsteps:\n{''.join(steps)}")


def compiles_or_is_refused(data: bytes) -> None:
    try:
        pipeline = load(data, file="f", trusted=False)
    except PipelineFileError as error:
        str(error)  # showing the place must not fail either
    else:
        compile_file(pipeline, Build(id="x"))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80) | TEXT.map(lambda text: text.encode(errors="replace")))
def test_any_text(data: bytes) -> None:
    compiles_or_is_refused(data)


@settings(max_examples=150, deadline=None)
@given(PIPELINE)
def test_anything_like_a_pipeline(text: str) -> None:
    compiles_or_is_refused(text.encode())
