from __future__ import annotations

import time
from contextlib import suppress

import pytest

from slipway.pipeline.yaml.diagnostics import PipelineFileInvalid, Span
from slipway.pipeline.yaml.document import MOST_WARNINGS, Document
from slipway.pipeline.yaml.reader import LARGEST, read
from slipway.pipeline.yaml.unfold import DEEPEST


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
        "on": "yes",
        "n": "010",
        "f": "1e3",
        "d": "2024-01-01",
        "empty": None,
        "q": "null",
    }


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
        (2, {"a": "1"}),
        (4, {"b": "2"}),
    ]


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
        pytest.param(b"a: \x01", "encoding", id="control character"),
        pytest.param(b"a: *nowhere", "yaml", id="unknown alias"),
        pytest.param(b"[" * (DEEPEST + 1), "too-deep", id="deep"),
        pytest.param(b"[" * 200_000, "too-deep", id="very deep"),
        pytest.param(BOMB, "alias-bomb", id="bomb"),
        pytest.param(b"a: &a [*a]", "alias-bomb", id="a list in itself"),
        pytest.param(b"a: &a {<<: *a}", "alias-bomb", id="a mapping merged into itself"),
        pytest.param(b"a: {<<: 3}", "merge", id="merging a number"),
        pytest.param(b"a: !!binary a", "tag", id="not base64"),
        pytest.param(b"a: !!binary /w==", "tag", id="base64 of no text"),
        pytest.param(b"? [a]\n: b", "key", id="a list as a key"),
    ],
)
def test_hostile_and_broken_files_are_refused(data: bytes, rule: str) -> None:
    assert refusal(data) == rule


def test_of_two_equal_keys_the_last_counts_and_a_caret_shows_it() -> None:
    (document,) = read(b"kind: pipeline\nkind: again\n", file=".drone.yml")
    assert document.data == {"kind": "again"}
    assert str(document.warnings[0]) == (
        ".drone.yml:2:1: `kind` is here twice; the last one counts [duplicate-key]\n"
        "  2 | kind: again\n    | ^^^^"
    )


def test_a_long_line_is_cropped_around_the_place() -> None:
    (document,) = read(f"{{a: {'x' * 5000}, a: 1}}".encode(), file="f")
    shown = str(document.warnings[0]).splitlines()
    assert max(map(len, shown)) < 150
    assert shown[1][shown[2].index("^")] == "a"


def test_what_a_step_merges_is_put_together_key_by_key() -> None:
    step = """\
base: &base {environment: {A: 1, B: 1}, commands: [x, y], settings: {deep: {a: 1}}}
steps:
- <<: *base
  environment: {B: 2, C: 3}
  commands: [z]
  settings: {deep: {b: 2}, other: 1}
"""
    (only,) = one(step).data["steps"]
    assert only["environment"] == {"A": "1", "B": "2", "C": "3"}
    assert only["commands"] == ["z"]
    assert only["settings"] == {"deep": {"b": "2"}, "other": "1"}


def test_elsewhere_a_value_takes_the_place_of_the_merged_one() -> None:
    text = "b: &b {inner: {x: 1}}\nown: {<<: *b, inner: {y: 2}}\n"
    assert one(text).data["own"] == {"inner": {"y": "2"}}


def test_a_mapping_of_a_step_that_is_there_twice_is_one() -> None:
    text = "steps:\n- environment: {A: 1, B: 1}\n  environment: {B: 2}\n"
    assert one(text).data["steps"] == [{"environment": {"A": "1", "B": "2"}}]


def test_own_keys_point_at_themselves_wherever_the_merge_stands() -> None:
    document = one("b: &b {x: 1}\nown:\n  x: 2\n  <<: *b\n")
    assert document.data["own"] == {"x": "2"}
    assert document.values["own", "x"].line == 3


def test_three_dots_end_the_file() -> None:
    (document,) = read(b"a: 1\n...\n# nothing\n  b: [\n--- c\n", file="f")
    assert document.data == {"a": "1"}
    (warning,) = document.warnings
    assert (warning.rule, warning.span) == ("after-the-end", Span(line=4, column=3))


def test_three_dots_with_nothing_after_them_are_nobodys_business() -> None:
    (document,) = read(b"a: |\n  ...\n  b\n...\n\n# end\n", file="f")
    assert (document.data, document.warnings) == ({"a": "...\nb\n"}, [])


def test_twenty_thousand_equal_keys_are_told_a_few_times() -> None:
    (document,) = read(b"a: 1\n" * 15_000, file="f")
    assert len(document.warnings) == MOST_WARNINGS


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


@pytest.mark.parametrize(
    "text",
    [
        "steps:\t\n- name: a",
        "steps:\n- name: a\t# the first",
        "steps:\n- name:\ta",
        "steps: [{name:\ta}]",
        "steps: [{name: a}\t]\t",
        "steps:\n- name: 'a'\t",
        "steps:\n- name: >-\t\n    a",
    ],
)
def test_tabs_between_words_are_as_good_as_blanks(text: str) -> None:
    document = one(text)
    assert document.data == {"steps": [{"name": "a"}]}
    assert document.values["steps", 0].line == text[: text.index("name")].count("\n") + 1


@pytest.mark.parametrize("text", ["a:\n\tb: c", "a:\n-\tb: c\n\td: e"])
def test_a_tab_that_indents_is_refused_in_words(text: str) -> None:
    with pytest.raises(PipelineFileInvalid) as caught:
        one(text)
    assert "there is a tab; lines are indented with blanks" in str(caught.value)


def test_of_two_anchors_of_one_name_the_last_before_an_alias_counts() -> None:
    document = one("a: &x 1\nb: *x\nc: &x [2]\nd: *x\n")
    assert (document.data["b"], document.data["d"]) == ("1", ["2"])


def test_a_place_within_an_alias_is_where_it_is_used() -> None:
    document = one("x-a: &a [1, 2]\nsteps:\n- commands: *a\n")
    assert document.values["steps", 0, "commands"] == Span(line=3, column=13, width=2)
    assert document.values["steps", 0, "commands", 1] == Span(line=1, column=13)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: !foo b", "b"),
        ("a: !foo [b]", ["b"]),
        ("a: !reference {b: c}", {"b": "c"}),
        ("a: !!python/object/apply:os.system [id]", ["id"]),
        ("a: !!set {b}", {"b": None}),
    ],
)
def test_a_tag_of_nobodys_makes_nothing_and_is_named(text: str, data: object) -> None:
    document = one(text)
    assert document.data["a"] == data
    assert [warning.rule for warning in document.warnings] == ["tag"]


def test_base64_is_read_as_its_text() -> None:
    document = one("a: !!binary aGVs\nb: !!binary |\n  aGVs\n  bG8=\n")
    assert (document.data, document.warnings) == ({"a": "hel", "b": "hello"}, [])


def test_a_ruler_ends_a_document_as_drone_has_it() -> None:
    documents = read(b"a: 1\n--------\nb: 2\n---# c\nd: |\n  ---- e\n", file="f")
    assert [one.data for one in documents] == [{"a": "1"}, {"b": "2"}, {"d": "---- e\n"}]
    assert documents[2].keys["d",].line == 5


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"a: 1\nb: \x1b[0m", ".drone.yml:2:4: the character U+001B means nothing"),
        ("a: \N{SNOWMAN}\x07".encode(), ".drone.yml:1:5: the character U+0007 means nothing"),
        (b"a: 1\r\nb: caf\xe9", ".drone.yml:2:7: the file is not UTF-8; save it as UTF-8"),
        ("a: 1".encode("utf-16"), ".drone.yml:1:1: the file is not UTF-8, but UTF-16"),
    ],
)
def test_a_character_that_is_none_has_a_place(data: bytes, place: str) -> None:
    with pytest.raises(PipelineFileInvalid) as caught:
        read(data, file=".drone.yml")
    assert str(caught.value).startswith(place)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("a:\n- @echo", "put a text that begins with `@` in quotes"),
        ("a:\n- *.sh", "put a text that begins with `&` or `*` in quotes"),
        ("a:\n- 'it's'", "A text that begins with a quote is in quotes as a whole"),
        ("a: b: c", "A text with `: ` in it is put in quotes"),
        ('a: "\\d"', "in single quotes a backslash is only a backslash"),
    ],
)
def test_the_commonest_slips_are_explained(text: str, advice: str) -> None:
    with pytest.raises(PipelineFileInvalid) as caught:
        one(text)
    assert advice in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "? " * 100_000,
        "- " * 100_000,
        "{" * 200_000,
        "a: &a 1\n" * 30_000,
        "x" * 200_000 + ": 1",
        "'" * 200_001,
        "*a " * 60_000,
        "- &a *a\n" * 30_000,
        "\n" * 250_000,
        "#" * 250_000,
    ],
)
def test_no_file_takes_long(text: str) -> None:
    began = time.monotonic()
    with suppress(PipelineFileInvalid):
        read(text.encode(), file="f")
    assert time.monotonic() - began < 5
