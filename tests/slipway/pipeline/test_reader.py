from __future__ import annotations

import pytest

from slipway.pipeline.places import PipelineFileInvalid, Span
from slipway.pipeline.reader import DEEPEST, LARGEST, Document, read


def one(text: str) -> Document:
    (document,) = read(text.encode(), file=".drone.yml")
    return document


def refusal(data: bytes) -> str:
    with pytest.raises(PipelineFileInvalid) as caught:
        read(data, file=".drone.yml")
    (problem,) = caught.value.problems
    return problem.rule


def test_scalars_stay_what_was_written() -> None:
    assert one("on: yes\nn: 010\nf: 1e3\nd: 2024-01-01\nempty:\nq: 'null'").data == {
        "on": "yes", "n": "010", "f": "1e3", "d": "2024-01-01", "empty": None, "q": "null",
    }  # fmt: skip


def test_every_value_has_its_place() -> None:
    document = one("a:\n  - b: c\n    dd: e\n")
    assert document.values["a", 0, "dd"] == Span(line=3, column=9)
    assert document.keys["a", 0, "dd"] == Span(line=3, column=5, width=2)


def test_anchors_and_merge_keys_unfold_and_own_keys_win() -> None:
    text = "base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\nown: {<<: [*b, *m], x: 9}\n"
    assert one(text).data["own"] == {"x": "9", "y": "2", "z": "4"}


def test_documents_are_numbered_and_empty_ones_left_out() -> None:
    documents = read(b"---\n---\na: 1\n---\n\n---\nb: 2\n", file="f")
    assert [(document.number, document.data) for document in documents] == [
        (2, {"a": "1"}), (4, {"b": "2"}),
    ]  # fmt: skip


BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n".encode()
    for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        pytest.param(b"x" * (LARGEST + 1), "too-large", id="size"),
        pytest.param(b"\xff\xfe\x00", "encoding", id="not utf-8"),
        pytest.param(b"a: [1, 2", "yaml", id="not yaml"),
        pytest.param(b"a: \x01", "yaml", id="control character"),
        pytest.param(b"a: *nowhere", "yaml", id="unknown alias"),
        pytest.param(b"[" * (DEEPEST + 1), "too-deep", id="deep"),
        pytest.param(b"[" * 200_000, "too-deep", id="very deep"),
        pytest.param(BOMB, "alias-bomb", id="bomb"),
        pytest.param(b"a: &a [*a]", "alias-bomb", id="a list in itself"),
        pytest.param(b"a: &a {<<: *a}", "alias-bomb", id="a mapping merged into itself"),
        pytest.param(b"a: {<<: 3}", "merge", id="merging a number"),
        pytest.param(b"a: 1\na: 2", "duplicate-key", id="twice"),
        pytest.param(b"a: !!python/object/apply:os.system [id]", "tag", id="python tag"),
        pytest.param(b"a: !!binary aGk=", "tag", id="binary tag"),
        pytest.param(b"? [a]\n: b", "key", id="a list as a key"),
    ],
)
def test_hostile_and_broken_files_are_refused(data: bytes, rule: str) -> None:
    assert refusal(data) == rule


def test_a_mistake_is_shown_with_a_caret_under_it() -> None:
    with pytest.raises(PipelineFileInvalid) as caught:
        read(b"kind: pipeline\nkind: again\n", file=".drone.yml")
    assert str(caught.value) == (
        ".drone.yml:2:1: `kind` is here twice [duplicate-key]\n  2 | kind: again\n    | ^^^^"
    )


def test_a_long_line_is_cropped_around_the_place() -> None:
    line = f"{{a: {'x' * 5000}, a: 1}}"
    with pytest.raises(PipelineFileInvalid) as caught:
        read(line.encode(), file="f")
    shown = str(caught.value).splitlines()
    assert max(map(len, shown)) < 150
    assert shown[1][shown[2].index("^")] == "a"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[a, ${B}, ${C:=d}, e]", ["a", "${B}", "${C:=d}", "e"]),
        ("{a: ${B##v}, c: x${D=${E}}y}", {"a": "${B##v}", "c": "x${D=${E}}y"}),
        ("[${A:0:8}]", ["${A:0:8}"]),
        ("['${A', {b: c}]", ["${A", {"b": "c"}]),
        ("x ${A #b} y", "x ${A #b} y"),
        ("${A}: b", {"${A}": "b"}),
    ],
)
def test_what_is_substituted_is_not_read_as_yaml(text: str, value: object) -> None:
    (document,) = read(text.encode(), file="f")
    assert document.data == value


def test_characters_of_nobodys_are_refused() -> None:
    with pytest.raises(PipelineFileInvalid, match=r"U\+E000"):
        read("a: \ue000".encode(), file="f")
