"""How the ends of aptly's script are told to people."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime

import pytest

from slipway.exceptions import InputError, SlipwayError, ToolFailed
from slipway.hooks.apt import script
from slipway.hooks.apt.aptly import _signed
from slipway.hooks.apt.refusal import Ended, moved, refusal
from tests.slipway.hooks.apt.repositories import REPOSITORY

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def _refusal(code: int, **files: str) -> SlipwayError:
    ended = Ended(exit_code=code, said=["the end"], files=files, repository=REPOSITORY)
    found = refusal(ended, "shop_1.0_armhf.deb", NOW)
    assert found
    return found


def test_what_went_well_is_no_refusal() -> None:
    ended = Ended(exit_code=0, said=[], files={}, repository=REPOSITORY)
    assert refusal(ended, "shop_1.0_all.deb", NOW) is None
    assert moved(ended) is None


@pytest.mark.parametrize(
    ("code", "files", "said", "advice"),
    [
        (script.CONFLICT, {}, "published before with other content", "push a new commit"),
        (
            script.NOT_SERVED,
            {script.PACKAGE: "shop_1.0_armhf", script.PUBLICATION: "Architectures: amd64 i386\n"},
            "is for armhf, and the repository is for amd64, i386",
            "amd64, i386, all",
        ),
        (
            script.OTHER_COMPONENT,
            {script.COMPONENT: "main\n"},
            "'main'.*says 'contrib'",
            "give `distribution` another name",
        ),
        (
            script.STRANGERS,
            {script.FOREIGN: "a_1_all\nb_1_all\nc_1_all\nd_1_all\n"},
            r"\(a_1_all, b_1_all, c_1_all and 1 more\)",
            "volume",
        ),
        (script.CANNOT_SIGN, {}, "is no OpenPGP key:\n    the end", "line breaks"),
    ],
)
def test_what_no_other_try_cures_is_the_inputs_fault(
    code: int, files: dict[str, str], said: str, advice: str
) -> None:
    found = _refusal(code, **files)
    assert isinstance(found, InputError)
    with pytest.raises(SlipwayError, match=said):
        raise found
    assert advice in found.advice


def test_two_packages_of_one_file_name_are_told_in_aptlys_words() -> None:
    line = "ERROR: unable to publish: x.deb: file already exists and is different: s3"
    found = _refusal(script.DIFFERENT, **{script.LOG: f"Loading\n{line}\n"})
    assert isinstance(found, InputError)
    assert line in found.message


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("[!] Unable to add package to repo stable: conflict in package shop_1.0_all", True),
        (
            "[!] Unable to add package to repo stable: package already exists and is different: "
            "shop_2:1.0+1_amd64",
            True,
        ),
        ("[+] conflict-in-package_1.0_all added", False),
        ("[+] already-exists-and-is-different_1.0_all added", False),
        ("[!] Unable to read file /work/conflict.deb: conflict in package", False),
        ("[!] Unable to process /work/already-added_1.0_all.deb: broken", False),
    ],
)
def test_a_conflict_is_aptlys_sentence_and_no_word_of_a_name(line: str, is_one: bool) -> None:
    found = subprocess.run(["grep", "-qE", script.SAYS_CONFLICT], input=line, text=True)
    assert (found.returncode == 0) is is_one


@pytest.mark.parametrize("code", [script.LOCKED, 1, 137])
def test_what_may_pass_is_tried_again(code: int) -> None:
    assert isinstance(_refusal(code), ToolFailed)


def test_a_container_that_went_before_it_was_asked_is_tried_again() -> None:
    ended = Ended(exit_code=0, said=["published"], files={}, repository=REPOSITORY)
    with pytest.raises(ToolFailed, match="taken away before what it left could be read"):
        _signed(ended, "shop_1.0_all.deb")
