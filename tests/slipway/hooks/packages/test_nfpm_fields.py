"""nfpm's description: which line makes a version of its own, and what is right there."""

from __future__ import annotations

import pytest

from slipway.hooks.packages.nfpm_fields import name_advice, version_advice
from slipway.hooks.packages.packaging_file import PackagingFile

RIGHT = "version: ${VERSION}\nversion_schema: none\n"


def _file(text: str) -> PackagingFile:
    return PackagingFile(path="nfpm.yaml", text=text)


@pytest.mark.parametrize(
    "text",
    [
        RIGHT,
        "version: $VERSION\nversion_schema: none\n",
        'version: "2:${VERSION}-1"\nversion_schema: none\n',
        RIGHT + 'epoch: "2"\nrelease: 1~bpo12+1\n',
        RIGHT + "epoch:\nrelease:\nprerelease: ''\nversion_metadata:\n",
        RIGHT + "release: ${BUILD_NUMBER}\nprerelease: ${CHANNEL}\n",
    ],
)
def test_fields_that_are_right_stay(text: str) -> None:
    assert version_advice(_file(text)) == []


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        (RIGHT + 'release: "1-2"\n', 'write `release: 1.2` (nfpm.yaml, line 3: `release: "1-2"`)'),
        (RIGHT + "release: 1_1\n", "write `release: 1.1` (nfpm.yaml, line 3: `release: 1_1`)"),
        (RIGHT + "release: 1:1\n", "write `release: 1.1` (nfpm.yaml, line 3: `release: 1:1`)"),
        (RIGHT + "release: x/y\n", "write `release: x.y` (nfpm.yaml, line 3"),
        (RIGHT + "release: '-'\n", "correct or remove `release` (nfpm.yaml, line 3"),
        (RIGHT + "epoch: a\n", "correct or remove `epoch` (nfpm.yaml, line 3: `epoch: a`): an ep"),
        (RIGHT + "epoch: -1\n", "correct or remove `epoch` (nfpm.yaml, line 3: `epoch: -1`)"),
        (RIGHT + "epoch: 0\n", "correct or remove `epoch` (nfpm.yaml, line 3: `epoch: 0`)"),
        (RIGHT + "epoch: ${E}\n", "correct or remove `epoch` (nfpm.yaml, line 3: `epoch: ${E}`)"),
        (
            "version_schema: none\nversion: v${VERSION}\n",
            "write `version: ${VERSION}` (nfpm.yaml, line 2: `version: v${VERSION}`)",
        ),
        (
            "name: shop\n",
            "write `version: ${VERSION}` and `version_schema: none` (nfpm.yaml, which has no",
        ),
        (
            "version: ${VERSION:-1.0}\n",
            "write `version: ${VERSION}` and `version_schema: none` (nfpm.yaml, line 1: `version: "
            "${VERSION:-1.0}`)",
        ),
        ("version: ${SEMVER}\n", "(nfpm.yaml, line 1: `version: ${SEMVER}`)"),
        ("version: 0:${VERSION}\n", "(nfpm.yaml, line 1: `version: 0:${VERSION}`)"),
        ("version: ${VERSION}.1\n", "(nfpm.yaml, line 1: `version: ${VERSION}.1`)"),
    ],
)
def test_a_field_that_makes_another_version_is_named_with_its_line_and_what_is_right(
    text: str, advice: str
) -> None:
    (only,) = version_advice(_file(text))
    assert advice in only


def test_all_of_them_are_named_at_once() -> None:
    text = "version: 1.0\nepoch: a\nrelease: 1-2\nprerelease: rc1\nversion_metadata: git\n"
    lines = [f"line {number}:" for number in range(1, 6)]
    advice = version_advice(_file(text))
    assert [line in one for line, one in zip(lines, advice, strict=True)] == [True] * 5
    assert advice[3] == (
        "remove prerelease: the release alone says what its version is "
        "(nfpm.yaml, line 4: `prerelease: rc1`)"
    )


def test_a_name_that_is_none_of_debians_is_not_recommended_for_the_project_file() -> None:
    assert name_advice(_file("name: Hello\n"), "hello") == [
        "write `name: hello` (nfpm.yaml, line 1: `name: Hello`)"
    ]
    assert name_advice(_file("name: helo\n"), "hello") == [
        "write `name: hello` (nfpm.yaml, line 1: `name: helo`), or `package: {name: helo}` in the "
        "project file"
    ]
    assert name_advice(_file("name: ${NAME}\n"), "hello") == []
    assert name_advice(_file("name: hello\n"), "hello") == []
