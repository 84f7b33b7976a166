from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.pipeline.compiler.script import with_variables
from slipway.pipeline.yaml.substitution import BadSubstitution, substitute

VALUES = {"V": "feature/new.thing.tar.gz", "TAG": "v1.2.3", "SHA": "0123456789abcdef", "E": ""}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("plain $V text", "plain $V text"),
        ("${TAG}", "v1.2.3"),
        ("a${TAG}b${SHA}c", "av1.2.3b0123456789abcdefc"),
        ("${NONE}", ""),
        ("${#SHA}", "16"),
        ("${TAG^}", "V1.2.3"),
        ("${TAG^^}", "V1.2.3"),
        ("${V^^}", "FEATURE/NEW.THING.TAR.GZ"),
        ("${V,,}", "feature/new.thing.tar.gz"),
        ("${SHA:8}", "89abcdef"),
        ("${SHA:0:8}", "01234567"),
        ("${SHA:-4}", "0123456789abcdef"),
        ("${SHA:99}", ""),
        ("${SHA:2:99}", "23456789abcdef"),
        ("${TAG##v}", "1.2.3"),
        ("${TAG#v}", "1.2.3"),
        ("${V#*.}", "thing.tar.gz"),
        ("${V##*.}", "gz"),
        ("${V##*/}", "new.thing.tar.gz"),
        ("${V%.*}", "feature/new.thing.tar"),
        ("${V%%.*}", "feature/new"),
        ("${V/./-}", "feature/new-thing.tar.gz"),
        ("${V//./-}", "feature/new-thing-tar-gz"),
        ("${V/\\//-}", "feature-new.thing.tar.gz"),
        ("${V/./}", "feature/newthing.tar.gz"),
        ("${V/#feature/fix}", "fix/new.thing.tar.gz"),
        ("${V/%gz/xz}", "feature/new.thing.tar.xz"),
        ("${V/%feature/x}", "feature/new.thing.tar.gz"),
        ("${NONE=word}", "word"),
        ("${E:=word}", "word"),
        ("${NONE:-word}", "word"),
        ("${TAG=word}", "v1.2.3"),
        ("${NONE=${TAG##v}-x}", "1.2.3-x"),
        ("${NONE=${OTHER=${TAG}}}", "v1.2.3"),
        ("$${TAG}", "${TAG}"),
        ("$${V=${TAG}}", "${V=v1.2.3}"),
        ("$$ ${TAG}", "$ v1.2.3"),
        ("$$TAG 5$$", "$TAG 5$"),
        ("$$$${TAG}", "$${TAG}"),
        ("$$${TAG}", "$v1.2.3"),
        ("proxy $$host to $${UP}", "proxy $host to ${UP}"),
        (r"a\\b c\/d e\nf g\\/h", r"a\b c/d e\nf g\/h"),
        (r"${NONE:-a\\b$$}", r"a\\b$$"),
        (r"${V/\//\\}", r"feature\new.thing.tar.gz"),
        ("${V/feature/$$}", "$/new.thing.tar.gz"),
        ("${V/${NONE=feature}/${TAG}}", "v1.2.3/new.thing.tar.gz"),
        ("${NOT-HERE}${1}", ""),
    ],
)
def test_forms(text: str, result: str) -> None:
    assert substitute(text, VALUES) == result


@pytest.mark.parametrize("text", ["${", "${}", "${V", "${a b}", "${V!}", "${@}"])
def test_what_is_no_form_is_named(text: str) -> None:
    with pytest.raises(BadSubstitution, match=r"\$\{"):
        substitute(text, VALUES)


def test_forms_within_forms_end_somewhere() -> None:
    with pytest.raises(BadSubstitution, match="too deep"):
        substitute("${A=" * 12 + "}" * 12, {})


@given(st.text(alphabet="${}VTAG:#%/=^,-0\\*. ", max_size=30))
def test_any_text_is_substituted_or_refused(text: str) -> None:
    try:
        assert isinstance(substitute(text, VALUES), str)
    except BadSubstitution:
        assert "${" in text


@given(st.text(alphabet="abv.", max_size=12), st.text(alphabet="abv.*?", max_size=5))
def test_trimming_is_what_a_shell_does(value: str, pattern: str) -> None:
    for operator in ("#", "##", "%", "%%"):
        script = f'printf %s "${{V{operator}{pattern}}}"'
        done = subprocess.run(
            ["/bin/sh", "-c", script], env={"V": value}, capture_output=True, check=True, text=True
        )
        assert substitute(f"${{V{operator}{pattern}}}", {"V": value}) == done.stdout


# In commands, what is not the build's is the shell's.


@pytest.mark.parametrize(
    ("command", "result"),
    [
        ("echo ${DRONE_TAG##v}", "echo 1.2.3"),
        ("echo ${HOME} ${x:-y} ${a[@]} ${!b} ${", "echo ${HOME} ${x:-y} ${a[@]} ${!b} ${"),
        ("echo ${DRONE_NOT_SET}x${CI_NOT_SET}", "echo x"),
        (
            "echo ${DRONE_STAGE_STATUS} ${DRONE_STEP_NAME}",
            "echo ${DRONE_STAGE_STATUS} ${DRONE_STEP_NAME}",
        ),
        ("echo ${DRONE_FAILED_STEPS}", "echo ${DRONE_FAILED_STEPS}"),
        ("echo $${DRONE_TAG}", "echo ${DRONE_TAG}"),
    ],
)
def test_commands(command: str, result: str) -> None:
    assert with_variables([command], {"DRONE_TAG": "v1.2.3"}) == ([result], {})


@pytest.mark.parametrize("message", ["$(id)", "`id`", "a; id", "a\nid", "'\"", "a b", "*"])
def test_text_of_a_commit_never_becomes_a_command(message: str) -> None:
    commands, computed = with_variables(
        ['printf %s "${DRONE_COMMIT_MESSAGE}"'], {"DRONE_COMMIT_MESSAGE": message}
    )
    assert computed == {"DRONE_SUBSTITUTED_1": message}
    done = subprocess.run(
        ["/bin/sh", "-c", commands[0]], env=computed, capture_output=True, check=True, text=True
    )
    assert done.stdout == message
