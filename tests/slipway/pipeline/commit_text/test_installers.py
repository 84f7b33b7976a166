"""A commit's text chooses nothing that is installed, for what is installed runs."""

from __future__ import annotations

import pytest

from slipway.pipeline.commit_text.insertion import CommitTextInCode
from slipway.pipeline.compiler.script import with_variables

MESSAGE = "Take git+https://example.com/evil (it's late)"


def written(command: str, message: str) -> str:
    text = command.replace("${M}", "${DRONE_COMMIT_MESSAGE}")
    return "".join(with_variables([text], {"DRONE_COMMIT_MESSAGE": message})[0])


@pytest.mark.parametrize(
    "command",
    [
        'pip install "${M}"',
        'python3 -m pip install "${M}"',
        'npm i "${M}"',
        'yarn add "${M}"',
        'cargo install "${M}"',
        'gem install "${M}"',
        'go install "${M}"',
        'apt-get install -y "${M}"',
        'apk add "${M}"',
        'npm run deploy -- "${M}"',
        'cargo run -- "${M}"',
    ],
)
def test_only_plain_values_are_installed(command: str) -> None:
    with pytest.raises(CommitTextInCode):
        written(command, MESSAGE)
    assert "plain-1.0" in written(command, "plain-1.0")


@pytest.mark.parametrize(
    "command",
    [
        'npm version patch -m "${M}"',
        'npm pkg set description="${M}"',
        'yarn version --message "${M}"',
        'cargo release --tag-message "${M}"',
    ],
)
def test_a_message_of_a_release_is_text(command: str) -> None:
    assert "example.com" not in written(command, MESSAGE)
