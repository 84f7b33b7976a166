"""A secret with escapes in it, printed by the shells that read them."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from slipway.pipeline.masking.mask import Masker
from slipway.pipeline.masking.shells import printed
from slipway.pipeline.masking.stream import StreamMasker

SECRETS = [
    r"wxyz\033secretword",
    r"wxyz\33secretword",
    r"wxyz\0033secretword",
    r"wxyz\0333secretword",
    r"wxyz\esecretword",
    r"wxyz\Esecretword",
    r"wxyz\x1bsecretword",
    r"wxyz\x1secretword",
    r"wxyz\u1bsecretword",
    r"wxyz\U1bsecretword",
    r"wxyz\033[31msecret\033[0mword",
    r"wxyz\033[2Ksecretword",
    r"wxyz\033]0;secretword",
    r"wxyz\bsecretword",
    r"wxyz\asecret\vword",
    r"wxyz\0secretword",
    r"wxyz\177secretword",
    r"wxyz\233secretword",
    r"wxyz\\033secretword",
    r"secretword\c and what follows",
    r"""s3c-$r"t_1'2\3&<%""",
    r"wxyz\033secret%%word",
    r"secret%sword\033value",
    r"secret%dword\033value",
    r"secretword%zvalue",
]
COMMANDS = {
    "sh": ['echo "$T"', 'printf "$T"', "printf '%b' \"$T\"", 'printf -- "-$T-\\n"'],
    "bash": ['echo -e "$T"', 'printf "$T"', "printf '%b\\n' \"$T\""],
}


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    ("shell", "command"), [(shell, one) for shell, ones in COMMANDS.items() for one in ones]
)
def test_a_secret_is_masked_however_a_shell_reads_it(secret: str, shell: str, command: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    done = subprocess.run(
        [shell, "-c", command],
        env={"T": secret, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=False,
    )
    lines: list[str] = []
    stream = StreamMasker(Masker([secret]), lines.extend)
    stream.feed(done.stdout)
    stream.close()
    said, shown = done.stdout, "".join(lines)
    plain = "".join(character for character in shown if character.isprintable())
    assert "secretword" not in plain, said
    assert "wxyz" not in plain, said


def test_a_text_without_escapes_is_printed_as_it_is() -> None:
    assert list(printed(b"plain text, 5 euro")) == []
    assert list(printed(rb"C:\program")) == []


def test_what_is_left_of_a_format_that_ends_soon_is_not_everywhere() -> None:
    assert Masker(["pass%zword-and-more"])("the passage is open") == "the passage is open"
