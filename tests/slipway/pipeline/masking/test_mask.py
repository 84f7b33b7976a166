from __future__ import annotations

import base64
import json
import time
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.pipeline.masking.mask import MASK, SHORTEST, Masker
from tests.slipway.pipeline.masking.mask.secrets import SECRETS
from tests.slipway.pipeline.masking.secret_forms import FORMS, base64_of

if TYPE_CHECKING:
    from tests.slipway.pipeline.masking.secret_forms import Form

KEY = "-----BEGIN KEY-----\nabcdefghijkl\nmn\nopqrstuvwxyz0123\n-----END KEY-----\n"


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_secret_is_masked_in_all_its_forms(form: Form, secret: str) -> None:
    shown = form(secret)
    masked = Masker([secret])(f"before {shown} after")
    assert MASK in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    # What is left are the ends that hold bits of other text, quotes, and what is no secret.
    kept = masked.replace(MASK, "")
    assert not any(secret[at : at + 5] in kept for at in range(len(secret) - 4))


@pytest.mark.parametrize(
    "shown",
    [
        KEY,
        KEY.replace("\n", "\r\n"),
        KEY.replace("\n", "\\n"),
        KEY.replace("\n", "\\r\\n"),
        KEY.replace("\n", " "),
        KEY.replace("\n", ""),
        json.dumps(KEY),
        base64_of(KEY),
        base64_of(KEY, 76),
        base64_of(KEY.replace("\n", "\r\n"), 64),
        "\n".join(base64_of(line) for line in KEY.splitlines()),
        KEY.encode().hex(),
    ],
)
def test_no_line_of_a_key_is_shown_however_it_is_printed(shown: str) -> None:
    masked = Masker([KEY])(shown)
    assert MASK in masked
    for line in KEY.split("\n"):
        for form in (line, base64_of(line)[3:-3], line.encode().hex()):
            assert len(form) < 5 or form not in masked


def test_a_short_line_of_a_key_goes_with_the_others() -> None:
    assert Masker([KEY])(KEY) == "\n".join([MASK] * 5) + "\n"


@given(
    st.text(alphabet="abcXYZ019 +/&%äé", min_size=6, max_size=20).filter(lambda s: s == s.strip()),
    st.binary(max_size=4),
    st.binary(max_size=4),
)
def test_base64_at_any_offset(secret: str, before: bytes, after: bytes) -> None:
    encoded = base64.b64encode(before + secret.encode() + after).decode()
    assert MASK in Masker([secret])(encoded)


@given(st.text(min_size=SHORTEST, max_size=12), st.sampled_from(sorted(FORMS)))
def test_whatever_characters_a_secret_has_it_is_found(secret: str, form: str) -> None:
    secret = secret.strip()
    if len(secret) >= 8 and "\0" not in secret and secret.encode(errors="replace").isascii():
        assert MASK in Masker([secret])(FORMS[form](secret))


def test_capitals_and_what_a_secret_is_base64_of_are_masked() -> None:
    assert Masker(["hunter2xyz"])("a HUNTER2XYZ b") == f"a {MASK} b"
    assert Masker([base64_of("the real key")])("x the real key y") == f"x {MASK} y"
    assert Masker(["secret", "aGVsbG8="])("SECRET hello") == "SECRET hello"


def test_a_secret_that_holds_characters_without_a_width_is_masked() -> None:
    assert Masker(["hun\u200bter\ufe0f2xyz"])("a hun\u200bter\ufe0f2xyz b") == f"a {MASK} b"
    assert Masker(["\u200b" * 8])("a b") == "a b"


def test_short_words_are_left_alone() -> None:
    assert Masker(["a" * (SHORTEST - 1), "", "  "])("aaa bbb") == "aaa bbb"
    assert Masker([])("anything") == "anything"


def test_a_secret_of_quotes_does_not_mask_everything() -> None:
    mask = Masker(["'\"\\'a\"'", '""ab""', "....", "''''"])
    assert mask("a ab abc '' \"\" \\ .") == "a ab abc '' \"\" \\ ."
    assert mask("x ''\"\\'a\"' y") == f"x '{MASK} y"
    assert mask("....") == MASK


def test_ordinary_output_is_left_alone() -> None:
    text = "100% of C:\\new\\table at 12:30 &amp; \x1b[32mok\x1b[0m %zz \\u12 a=b\n"
    assert Masker([*SECRETS, KEY])(text) == text


def test_the_longer_of_two_secrets_goes_first() -> None:
    assert Masker(["secret", "secret-and-more"])("secret-and-more") == MASK


def test_a_secret_in_one_form_does_not_hide_it_in_another() -> None:
    dump = "00000000: 6875 6e74 6572 3278 797a  hunter2xyz"
    shown = f"68756e7465723278797a\n{dump}\n%68unter2xyz hunter2xyz\n"
    assert "7465" not in Masker(["hunter2xyz"])(shown)
    assert Masker(["a%41bcdefg"])("a%41bcdefg a%2541bcdefg") == f"{MASK} {MASK}"


def test_two_secrets_that_overlap_are_both_masked() -> None:
    assert Masker(["abcdefgh", "efghijkl"])("x abcdefghijkl y") == f"x {MASK} y"


def test_bytes_that_are_no_text_pass_through() -> None:
    assert Masker(["hunter2xyz"])("\udcff hunter2xyz") == f"\udcff {MASK}"


def test_the_beginning_of_a_secret_at_a_cut_is_masked() -> None:
    mask = Masker(["0123456789abcdef"])
    assert mask("token 0123456789", cut_off=True) == f"token {MASK}"
    assert mask("token 0123456789") == "token 0123456789"
    assert mask("token 01", cut_off=True) == "token 01"


def test_the_texts_of_a_fact_are_masked_and_its_keys_stay() -> None:
    fact = {"state": ["hunter2xyz", 1, None, True], "hunter2xyz": {"a": ("x hunter2xyz",)}}
    assert Masker(["hunter2xyz"]).json(fact) == {
        "state": [MASK, 1, None, True],
        "hunter2xyz": {"a": (f"x {MASK}",)},
    }


@pytest.mark.parametrize(
    "text",
    [
        "a" * 400_000,
        "a\x1b[0m" * 60_000,
        "\\" * 400_000,
        "%61" * 100_000,
        "%" + "25" * 200_000,
        "&amp;" * 80_000,
        "\x1b[" + "0" * 400_000,
        "a\b" * 150_000,
        ("0" * 8 + " ") * 40_000,
        "\n00000000: 00" * 30_000,
        "aaaabbb" * 60_000,
        "\x1b]" * 100_000,
        "\x90" * 100_000,
        "\x9b" + "0" * 200_000,
        "x aaaabbbb\n" * 20_000,
        "\n0000000 101 102" * 20_000,
        "&#" + "0" * 200_000,
        "=\n" * 100_000,
        "\x1b[4096Gx\n" * 40_000,
        ("\x1b[4096Gx\r\x1b[K" * 40 + "\n") * 800,
        "0000000 61\n*\n7777777 61\n" * 15_000,
    ],
    ids=lambda text: repr(text[:10]),
)
def test_no_text_takes_longer_than_its_length_says(text: str) -> None:
    mask = Masker(["aaaabbbb", "0" * 31 + "1"])

    def seconds(data: str) -> float:
        began = time.thread_time()
        mask(data)
        return time.thread_time() - began

    seconds(text[: len(text) // 8])
    small, large = min(seconds(text[: len(text) // 8]) for _ in range(2)), seconds(text)
    assert large < 40 * small + 0.5


@pytest.mark.parametrize("output", ["\x1b[4096Gx\n" * 6000, "0000000 61\n*\n7777777 61\n" * 6000])
def test_what_a_terminal_or_a_dump_makes_of_a_few_bytes_fills_no_memory(output: str) -> None:
    """With a secret in a redrawn line, all of it is worked out."""
    secret = "correct-horse-battery-staple"
    redrawn = f"{secret[:9]}XX\b\b{secret[9:]}\n"
    tracemalloc.start()
    assert secret[9:] not in Masker([secret])(redrawn + output)
    assert tracemalloc.get_traced_memory()[1] < 300 * len(output)
    tracemalloc.stop()
