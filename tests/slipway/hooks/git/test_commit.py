from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.hooks.git.commit import parsed
from slipway.hooks.git.mirror import GitMirror
from tests.fakes.git_server import Repository

SHA, PARENT = "a" * 40, "b" * 40


def _raw(
    *,
    author: bytes = b"Ada <ada@example.com> 1 +0000",
    time: bytes = b"1700000000 +0000",
    encoding: bytes = b"",
    message: bytes = b"Subject\n\nBody\n",
) -> bytes:
    claim = b"encoding " + encoding + b"\n" if encoding else b""
    return (
        b"tree "
        + b"c" * 40
        + b"\nparent "
        + PARENT.encode()
        + b"\nparent "
        + b"d" * 40
        + b"\nauthor "
        + author
        + b"\ncommitter Bob <bob@example.com> "
        + time
        + b"\n"
        + claim
        + b"gpgsig -----BEGIN\n author Eve <eve@example.com> 2 +0000\n\n"
        + message
    )


def test_what_git_says_of_a_commit_is_what_is_read() -> None:
    found = parsed(_raw(), SHA)
    assert (found.sha, found.parent, found.committed_at) == (SHA, PARENT, 1_700_000_000)
    assert (found.author_name, found.author_email) == ("Ada", "ada@example.com")
    assert found.message == "Subject\n\nBody"


def test_a_first_commit_has_no_parent_and_a_name_in_its_own_encoding(
    repository: Repository, tmp_path_factory: pytest.TempPathFactory
) -> None:
    repository.git("config", "i18n.commitEncoding", "ISO-8859-1")
    (repository.path / "message").write_bytes("Größe\n\n".encode("latin-1"))
    repository.git("commit", "--quiet", "--allow-empty", "-F", "message")
    mirror = GitMirror(url=repository.url, root=tmp_path_factory.mktemp("mirrors"))
    found = mirror.commit(mirror.find("main").sha)
    assert (found.parent, found.message, found.author_name) == (None, "Größe", "Ada")


@pytest.mark.parametrize(
    "encoding", [b"IBM037", b"UTF-16", b"punycode", b"idna", b"rot13", b"zip", b"\xff\xfe", b"../x"]
)
def test_an_encoding_that_is_none_of_gits_is_taken_for_utf_8(encoding: bytes) -> None:
    found = parsed(_raw(encoding=encoding, message="Größe".encode()), SHA)
    assert (found.message, found.committed_at) == ("Größe", 1_700_000_000)


def test_a_name_of_an_old_editor_loses_no_letter() -> None:
    found = parsed(
        _raw(author=b"Jos\xe9 <jos\xe9@example.com> 1 +0000", message=b"Gr\xf6\xdfe"), SHA
    )
    assert (found.author_name, found.author_email) == ("José", "josé@example.com")
    assert found.message == "Größe"
    claimed = parsed(_raw(encoding=b"ascii", message=b"Gr\xf6\xdfe"), SHA)
    assert claimed.message == r"Gr\xf6\xdfe"


@pytest.mark.parametrize("time", [b"", b"x +0000", b"-1 +0000", b"9" * 12, b"9" * 5000 + b" +0"])
def test_a_time_that_no_calendar_has_is_none(time: bytes) -> None:
    assert parsed(_raw(time=time), SHA).committed_at == 0


def test_an_author_that_is_no_person_is_still_read() -> None:
    for author in (b"", b"<", b">", b"<<>>", b"\xff\x00x <a> b> 1 +0000"):
        parsed(_raw(author=author), SHA)


@given(raw=st.binary(max_size=400), message=st.binary(max_size=50))
def test_any_bytes_give_a_commit_of_text_that_can_be_kept(raw: bytes, message: bytes) -> None:
    for found in (parsed(raw, SHA), parsed(_raw(author=raw, message=message), SHA)):
        text = f"{found.author_name}{found.author_email}{found.message}"
        assert "\0" not in text
        text.encode()  # no half of a surrogate pair
