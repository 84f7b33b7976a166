"""A secret that a tool folded or dumped over many lines is masked."""

from __future__ import annotations

from textwrap import fill, indent
from typing import TYPE_CHECKING

import pytest
import yaml

from slipway.pipeline.masking.mask import MASK, Masker
from tests.slipway.pipeline.masking.mask.secrets import SECRETS
from tests.slipway.pipeline.masking.secret_forms import base64_of

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_last_words_of_ordinary_lines_are_no_folded_secret() -> None:
    mask = Masker(["okokokok", "failedfailed"])
    shown = "a is ok\nb is ok\nc is ok\nd is ok\none failed\ntwo failed\n"
    assert mask(shown) == shown


def test_numbers_in_a_table_are_no_dump() -> None:
    shown = "\n0000010 161 162 163 12\n 404 500 502\n 2024 1130 10 20\n1234 5678 9abc\n"
    assert Masker(SECRETS)(shown) == shown


PASSPHRASE = "correct horse battery staple and nine more words that nobody would guess"
FOLDED = {
    "indented": lambda text, width: indent("\n".join(_pieces(text, width)), "    "),
    "by words": lambda text, width: indent(fill(text, max(width, 12)), "      "),
    "yaml": lambda text, width: yaml.safe_dump({"a": {"b": text}}, width=max(width, 12)),
    "numbered": lambda text, width: "\n".join(
        f"{number:6d}\t{piece}" for number, piece in enumerate(_pieces(text, width), start=7)
    ),
    "of a container": lambda text, width: "\n".join(
        f"web_1 | 12:00:0{number % 10} {piece}" for number, piece in enumerate(_pieces(text, width))
    ),
    "a diff of base64": lambda text, width: "\n".join(
        f"+{piece}" for piece in _pieces(base64_of(text, before="x" * 40), max(width, 9))
    ),
    "quoted hexadecimal": lambda text, width: "\n".join(
        f"> {piece}" for piece in _pieces(text.encode().hex(), 2 * width)
    ),
}


def _pieces(text: str, width: int) -> list[str]:
    return [text[at : at + width] for at in range(0, len(text), width)]


@pytest.mark.parametrize("width", [5, 7, 12, 30])
@pytest.mark.parametrize("secret", [PASSPHRASE, "ghp_Zk3v9QxT7mLw2Rb8Nc5Yd1Hs4Jf6Pg0Va"])
@pytest.mark.parametrize("form", FOLDED.values(), ids=FOLDED)
def test_a_text_that_was_folded_is_masked_behind_what_stands_ahead_of_each_line(
    form: Callable[[str, int], str], secret: str, width: int
) -> None:
    masked = Masker([secret])(f"first line\n{form(secret, width)}\nlast line\n")
    assert MASK in masked
    kept = "".join(masked.replace(MASK, "").split())
    assert not any(secret[at : at + 6] in kept for at in range(4, len(secret) - 5))


def test_rows_that_a_dump_leaves_out_count() -> None:
    secret = "a" * 48
    dump = "0000000 70 72 65 20 61 61 61 61\n0000010 61 61 61 61 61 61 61 61\n*\n0000060 20\n"
    assert MASK in Masker([secret[:44]])(dump)
    assert MASK not in Masker([secret])(dump)


def test_a_dump_whose_characters_look_like_digits() -> None:
    secret = "009bb-.0 cafe 00- 12-ab"
    for group in (1, 2, 4):
        data = secret.encode()
        rows = [data[at : at + 16] for at in range(0, len(data), 16)]
        dump = "".join(
            f"{n:07x}0: {row.hex(' ', -group)}  {row.decode()}\n" for n, row in enumerate(rows)
        )
        assert data.hex()[4:12] not in Masker([secret])(dump).replace(" ", "")
