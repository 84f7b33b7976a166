"""Files of secrets, as people write them by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.cli.secret_file import SecretFileInvalid, read_secret_file


def read(tmp_path: Path, text: str) -> dict[str, str]:
    file = tmp_path / "s.env"
    file.write_bytes(text.encode())
    return read_secret_file(file)


BY_HAND = """\
# as written by hand, as drone exec and docker compose read it
A="two words"
export B='it$5'
C="-----BEGIN KEY-----
abcdefgh
-----END KEY-----"
"""


def test_a_file_as_it_is_written_by_hand(tmp_path: Path) -> None:
    assert read(tmp_path, BY_HAND) == {
        "A": "two words",
        "B": "it$5",
        "C": "-----BEGIN KEY-----\nabcdefgh\n-----END KEY-----",
    }


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b=c", "b=c"),
        ("A = value ", "value"),
        ("A: value", "value"),
        ("A=", ""),
        ("A=''", ""),
        ("A=x # a comment", "x"),
        ("A=x#no comment", "x#no comment"),
        ("A='x # y' # a comment", "x # y"),
        ('A="x" # a comment', "x"),
        (r'A="a\nb\"c\\d\$e"', 'a\nb"c\\d$e'),
        (r"A='a\nb'", r"a\nb"),
        (r"A=a\nb", r"a\nb"),
        (r"A=C:\new\table", r"C:\new\table"),
        ("A='it''s'", None),
        ("A=it's", "it's"),
        ('A=say "x"', 'say "x"'),
        ("A='line\nline'", "line\nline"),
        ("A=\"{\n  'a': 1 # no comment\n}\"", "{\n  'a': 1 # no comment\n}"),
        ("export   A=x", "x"),
        ("A=x\r\nB=y\r\n", "x"),
        ("A=p$", "p$"),
        ("A=5$ and more", "5$ and more"),
        ("A=ümlaut", "ümlaut"),
        ("\ufeffA=x", "x"),
        ("exported=1\nA=x", "x"),
        ("# A=y\n\n   A=x", "x"),
        ("B=1\nA=${B}2$B", "121"),
        ('B=1\nA="${B}2$B"', "121"),
        ("B=1\nA='${B}'", "${B}"),
        ("A=y\nA=x", "x"),
    ],
)
def test_values(tmp_path: Path, line: str, value: str | None) -> None:
    if value is None:
        with pytest.raises(SecretFileInvalid):
            read(tmp_path, line)
    else:
        assert read(tmp_path, line)["A"] == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A=1\nhunter2 is no pair\n", ":2: it is no NAME=value"),
        ("A=1\n\nB='hunter2\nC=3\n", ":3: its quotes do not end"),
        ('A="hunter2"x\n', ":1: something follows its quotes"),
        ("A=1\nB=hunter2$X\n", ":2: a dollar in it stands for a variable"),
        ('B="hunter2$5"\n', ":1: a dollar in it stands for a variable"),
        ("B=hunter2${A\n", ":1: a dollar in it stands for a variable"),
        ("1A=hunter2", ":1: it is no NAME=value"),
    ],
)
def test_what_cannot_be_read_for_sure_is_refused_with_its_line_and_without_its_text(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(SecretFileInvalid) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(SecretFileInvalid, match="No such file"):
        read_secret_file(tmp_path / "absent")
    (tmp_path / "s").write_bytes(b"A=\xff\xfe\n")
    with pytest.raises(SecretFileInvalid, match="not UTF-8"):
        read_secret_file(tmp_path / "s")


def test_names_are_those_that_secrets_have(tmp_path: Path) -> None:
    text = "docker-password=x\nexport MY-KEY=1\napi.token: y\n-A=z\n"
    with pytest.raises(SecretFileInvalid, match=":4: it is no NAME=value") as refused:
        read(tmp_path, text)
    assert "letters, digits, `_`, `.` and `-`" in refused.value.advice
    assert read(tmp_path, text.replace("-A=z", "")) == {
        "docker-password": "x",
        "MY-KEY": "1",
        "api.token": "y",
    }


@pytest.mark.parametrize("value", ["$docker-password", "${docker-password}", "${a-b}"])
def test_a_dash_in_a_value_is_no_name_of_an_earlier_line(tmp_path: Path, value: str) -> None:
    """In a shell it would be a default, which nobody can tell from a name."""
    with pytest.raises(SecretFileInvalid, match=":2: a dollar"):
        read(tmp_path, f"docker-password=x\nB={value}\n")
