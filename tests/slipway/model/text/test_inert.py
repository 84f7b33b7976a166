"""What a stranger wrote is text on every page, and all of it can be seen."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from slipway.model.text.inert import LONGEST, inert, visible

_MARKDOWN = MarkdownIt("commonmark").enable("table")
HOSTILE = [
    "![approved](https://evil.example/x.png)",
    "[look](https://evil.example)",
    "https://evil.example/now",
    "www.evil.example",
    "mallory@evil.example",
    "<b>bold</b>",
    "<img src=x onerror=alert(1)>",
    "<!-- hidden",
    "&lt;&#x202e;",
    "# Approved",
    "> said",
    "- [x] checked",
    "1. first",
    "***",
    "---",
    "```",
    "~~~",
    "~~gone~~",
    "a`b",
    "``",
    "`",
    "\\`",
    "\\",
    "a\\|b",
    "Alice | on prod now",
    "|---|---|",
    "[^1]",
    "[^1]: note",
    "[a]: https://evil",
    "*bold* _it_ __b__",
    "    indented",
    "\tindented",
    " ",
    "",
    "a  ",
    "$x$",
    ":smile:",
    "{{ x }}",
]


def _shown(markdown: str) -> tuple[set[str], str]:
    """Return the kinds of things that a page of this text is made of, and its text."""
    kinds: set[str] = set()
    said: list[str] = []
    for block in _MARKDOWN.parse(markdown):
        kinds.add(block.type)
        for part in block.children or ():
            kinds.add(part.type)
            said.append(part.content)
    return kinds, "".join(said)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_commit_calls_itself_is_text_in_a_line(text: str) -> None:
    kinds, said = _shown(f"by {inert(text)}")
    assert kinds <= {"paragraph_open", "paragraph_close", "inline", "text", "code_inline"}
    shown = visible(text).replace("|", "<U+007C>") or "(empty)"
    assert said == f"by {shown}"


@pytest.mark.parametrize("text", HOSTILE)
def test_and_in_an_item_and_at_the_beginning_of_a_page(text: str) -> None:
    item = {"bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"}
    line = {"paragraph_open", "paragraph_close", "inline", "text", "code_inline"}
    assert _shown(f"- {inert(text)}\n- next")[0] <= item | line
    assert _shown(inert(text))[0] <= line


@pytest.mark.parametrize("text", HOSTILE)
def test_and_in_a_cell_which_stays_one_cell(text: str) -> None:
    table = f"| a | b | c |\n|---|---|---|\n| 1 | {inert(text)} | prod |"
    cells = [one.content for one in _MARKDOWN.parse(table) if one.type == "inline"]
    assert len(cells) == 6
    assert cells[5] == "prod"


@pytest.mark.parametrize("text", ["Sell more", "2.0", "Zoë 山田", "release 1.4.0 of 2026"])
def test_plain_words_stay_plain(text: str) -> None:
    assert inert(text) == text
    assert _shown(inert(text)) == ({"paragraph_open", "paragraph_close", "inline", "text"}, text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Merge\n\n| 9.9.9 | on prod now |", "Merge<U+000A><U+000A>| 9.9.9 | on prod now |"),
        ("a\r\nb\tc\0d\x1b[31m", "a<U+000D><U+000A>b<U+0009>c<U+0000>d<U+001B>[31m"),
        ("2_\u202elqs.eliforp_pord", "2_<U+202E>lqs.eliforp_pord"),
        ("\u2066x\u2069 \u200fy\u061c", "<U+2066>x<U+2069> <U+200F>y<U+061C>"),
        ("ad\u200bmin\u200d\u2060\ufeff", "ad<U+200B>min<U+200D><U+2060><U+FEFF>"),
        ("a\u2028b\u2029c\x85d", "a<U+2028>b<U+2029>c<U+0085>d"),
        ("a\u00a0b\u3000c", "a<U+00A0>b<U+3000>c"),
        ("\u3164\u2800\u115f\uffa0", "<U+3164><U+2800><U+115F><U+FFA0>"),
        ("x\ufe0f\U000e0041\U000e0100", "x<U+FE0F><U+E0041><U+E0100>"),
        ("\ud800", "<U+D800>"),
        ("e\u0301\u0302\u0303\u0304", "e\u0301\u0302<U+0303><U+0304>"),
        ("Zoë Brontë, 山田, Łukasz", "Zoë Brontë, 山田, Łukasz"),
    ],
)
def test_what_cannot_be_seen_is_named(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_text_without_end_ends() -> None:
    assert visible("x" * 1000) == "x" * LONGEST + " ... and 800 characters more"
    assert len(inert("`" * 10_000)) < 4 * LONGEST


@given(st.text())
def test_nothing_that_anybody_writes_becomes_anything_but_text(text: str) -> None:
    kinds, said = _shown(f"by {inert(text, longest=10_000)} now")
    # Marks around what is read from right to left, and nowhere else.
    said = re.sub("\u2068(.*?)\u2069", r"\1", said)
    assert kinds <= {"paragraph_open", "paragraph_close", "inline", "text", "code_inline"}
    assert said == f"by {visible(text, 10_000).replace('|', '<U+007C>') or '(empty)'} now"
    assert not [char for char in said if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp")]


@given(st.text(alphabet="`|\\ \n<>[]()!*_~#-a"))
def test_nor_does_it_leave_its_cell(text: str) -> None:
    table = f"| a | b |\n|---|---|\n| {inert(text)} | prod |"
    cells = [one.content for one in _MARKDOWN.parse(table) if one.type == "inline"]
    assert (len(cells), cells[3]) == (4, "prod")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\u05d0\u05d1 1.4.0", "`\u2068\u05d0\u05d1\u2069 1.4.0`"),
        ("1.4.0 \u0627\u0644 \u0628 (2)", "`1.4.0 \u2068\u0627\u0644 \u0628\u2069 (2)`"),
        ("a\u05d0b\u05d1", "`a\u2068\u05d0\u2069b\u2068\u05d1\u2069`"),
        ("\u05d0\u0301", "`\u2068\u05d0\u0301\u2069`"),
        ("caf\u00e9", "caf\u00e9"),
    ],
)
def test_letters_from_right_to_left_turn_nothing_around_but_themselves(
    text: str, shown: str
) -> None:
    assert inert(text) == shown
