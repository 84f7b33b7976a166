"""A commit's text becomes no code of programs that nobody has listed, and stays text of the usual.

Beside `test_commit_text`, which runs what is written: these are told whether it is written at all.
"""

from __future__ import annotations

import pytest

from slipway.pipeline.commit_text.insertion import CommitTextInCode
from slipway.pipeline.compiler.compiler import Build, compile_pipeline
from slipway.pipeline.compiler.script import program_with_variables, with_variables
from slipway.pipeline.load import load
from tests.slipway.pipeline.commit_text.insertion.commands import EVIL

ORDINARY = "Fix Ann's [basket] & more (it's late)"
WORDS = "a touch pwned"


def written(command: str, message: str = ORDINARY) -> list[str]:
    texts = [one.replace("${M}", "${DRONE_COMMIT_MESSAGE}") for one in command.split("\f")]
    return with_variables(texts, {"DRONE_COMMIT_MESSAGE": message})[0]


# What is common: no build with an ordinary message is refused for it.
TEXT = [
    'echo ${M} > notes; echo "x: ${M}" | tee -a notes',
    'printf \'{"text":"%s"}\' "${M}"',
    'printf "by ${M}\\n"',
    'curl -fsS -X POST -H "X-By: ${M}" -d "text=${M}" https://example.com',
    'curl -d @- https://example.com <<END\n{"text": "${M}"}\nEND',
    'echo "${M}" | curl -F "note=<-" https://example.com',
    'wget -q --post-data "m=${M}" https://example.com',
    'git commit -am "${M}"',
    'git -c user.name="${M}" -c user.email=ci@example.com commit --allow-empty -m x',
    'git config --global user.name "${M}"',
    'git tag -a v1 -m "${M}" && git push origin v1',
    'git log --author="${M}" --format=%s | head -1',
    "git commit -F - <<END\n${M}\nEND",
    'git clone -b "${M}" https://git.example.com/a.git',
    'gh release create v1 --title "v1" --notes "${M}"',
    "glab release create v1 --notes '${M}'",
    'echo "${M}" | gh release create v1 --notes-file -',
    'docker build --build-arg MSG="${M}" --label "msg=${M}" -t app:1 .',
    "docker run --rm -e MSG='${M}' app sh -c 'echo $MSG'",
    'kubectl annotate deploy/x kubernetes.io/change-cause="${M}"',
    'helm upgrade --set-string "msg=${M}" x .',
    'aws sns publish --topic-arn x --message "${M}"',
    'slack-notify --text "${M}" --channel builds',
    './notify.sh "Deployed: ${M}"',
    'poetry run ./notify --message "${M}"',
    'python3 deploy.py --message "${M}"',
    'terraform apply -var "msg=${M}"',
    'mail -s "${M}" ops@example.com <<END\n${M}\nEND',
    'if [ "${M}" = x ] || test -n "${M}"; then echo y; fi',
    'case "${M}" in *"[skip]"*) exit 0;; "${M}") echo same;; esac',
    'X="${M}"; export X="${M}" Y=1; a=("${M}")',
    'echo "${M}" | grep -q fix || echo "${M}" | sed "s/a/b/" | cut -c1-50',
    "echo '${M}' | while read -r line; do echo \"$line\"; done",
    "{ echo a; echo '${M}'; } | tee notes",
    "jq -n --arg m \"${M}\" '{m: $m}' > body.json",
    "awk -v m=\"${M}\" '{print m}' f",
    'echo \'{"m": 1}\' | python3 -m json.tool; echo "${M}"',
    'for i in 1 2; do\fecho "${M}"\fdone | sort',
    'find . -name "${M}" -print; tar czf "app-${M}.tgz" dist',
    'timeout 5 env A=b curl -d "${M}" https://example.com',
    'say() { echo "- $1"; }\fsay "${M}"',
]
# What may run it, known by name or not.
MAY_RUN = [
    'bundle exec sh -c \'eval "$1"\' x "${M}"',
    'uv run tool --exec "${M}"',
    'some-wrapper sh -c "echo ${M}"',
    'some-wrapper -c "echo ${M}"',
    'some-wrapper --on-done-command "${M}"',
    'some-wrapper "cd x && echo ${M}"',
    'npm run say -- "${M}"',
    'npx concurrently "echo ${M}"',
    'run() { "$@"; }; run sh -c "echo ${M}"',
    'f() { eval "$1"; }; f "${M}"',
    '$SUDO ssh host "echo ${M}"',
    '"$SHELL" -c "echo ${M}"',
    "coproc X { ${M}; }",
    'flock lock -c "${M}"',
    'git rebase --exec "echo ${M}" HEAD~1',
    'git submodule foreach "echo ${M}"',
    'git bisect run sh -c "${M}"',
    'git -c core.sshCommand="${M}" fetch',
    'git config alias.x "!${M}"',
    'git clone -u "${M}" x',
    'git fetch "${M}"',
    'tar cf x.tar f --checkpoint=1 --checkpoint-act="exec=${M}"',
    'tar -cIf "${M}" x.tar f',
    'sort --compress-program="${M}" f',
    'rsync -e "${M}" f host:',
    'rsync f host:"/srv/${M}"',
    'ssh -o ProxyCommand="${M}" host true',
    'sshpass -p x ssh host "echo ${M}"',
    'ssh host "TAG=${M} ./deploy.sh"',
    'ssh host TAG="${M}" env',
    "ssh host 'bash -se' <<END\necho '${M}'\nEND",
    'docker run app touch "${M}"',
    'docker run -e BASH_ENV="${M}" app',
    'docker run -e "${M}" app',
    "docker build -f - . <<END\nRUN echo ${M}\nEND",
    "kubectl apply -f - <<END\nname: ${M}\nEND",
    "./deploy.sh <<END\n${M}\nEND",
    'echo "${M}" | (cd / && sh)',
    'echo "${M}" |\nsh',
    'echo "${M}" | { cat > f; sh; }',
    'echo "${M}" | while read -r x; do eval "$x"; done',
    'echo "${M}" | tee >(sh)',
    'echo "${M}" > >(sh)',
    "{ sh; } <<END\n${M}\nEND",
    "while sh; do :; done <<END\n${M}\nEND",
    "exec 3<<END\n${M}\nEND\nsh <&3",
    "sh /dev/fd/3 3<<END\n${M}\nEND",
    "sed -f - f <<END\n${M}\nEND",
    'echo "${M}" | sed e',
    "echo \"${M}\" | awk '{system($0)}'",
    "awk -v c=\"${M}\" 'BEGIN{system(c)}'",
    "echo '${M}' | xargs env",
    'sh -c \'eval "$1"\' x "${M}"',
    'bash -c \'. "$1"\' x "${M}"',
    "bash -c 'echo ${x[$1]}' x \"${M}\"",
    'sh -c "echo ${X:-${M}}"',
    "${X-${M}}",
    'x=(1); echo "${x[${M}]}"',
    'x=abc; echo "${x:${M}:1}"',
    "sh -c $'echo\\n${M}'",
    "sh -c $'\\x65cho ${M}'",
    'declare -i n="${M}"',
    'declare -i n\fn="${M}"',
    'n="${M}"; echo $((n + 1))',
    'n="${M}"; echo "${!n}"',
    'printf -v "${M}" x',
    'mapfile -C "echo ${M}" -c 1 x',
    "a=([${M}]=1)",
    'for x do eval "${M}"; done',
    'psql -c begin -c "\\\\! ${M}"',
    'perl -pe \'s/"v": ".*"/"v": "${M}"/\' f',
    "python3 -m timeit \"print('${M}')\"",
    'make X="${M}"',
    'X="${M}" make',
    "sqlite3 x.db <<END\n.print it's\n${M}\nEND",
    'env X="${M}" make',
    '$PREFIX "${M}"',
    'bash -oc pipefail "${M}"',
    "bash -c 'timeout 5 $1' x \"${M}\"",
    "bash -c 'case x in x) $1;; esac' x \"${M}\"",
    "bash -c 'a[$1]=1' x \"${M}\"",
    'f() { g "$1"; }; g() { eval "$1"; }; f "${M}"',
    'f() { echo $(( $1 )); }; f "${M}"',
    'x="${M}"; echo "${x@P}"',
    'EDITOR="${M}" git commit',
    'export GIT_SSH_COMMAND="${M}"',
    'env PS4="${M}" bash -xc true',
    'MAKEFLAGS="${M}"; echo a',
    "{\fecho '${M}'\f} | sh",
    'echo \\\f"${M}"',
    "cat <<END | sh\fecho '${M}'\fEND",
    'go test -exec "${M}" ./...',
    'go build -toolexec="${M}" .',
    'go vet -vettool "${M}" .',
    'go build -ldflags "${M}" .',
    'dpkg -i --pre-invoke="${M}" x.deb',
    'just deploy "${M}"',
    'task deploy -- "${M}"',
]


@pytest.mark.parametrize("command", TEXT)
def test_an_ordinary_message_is_text_where_it_is_commonly_put(command: str) -> None:
    assert "basket" not in "".join(written(command))


@pytest.mark.parametrize("command", MAY_RUN)
def test_what_may_run_it_takes_plain_values_alone(command: str) -> None:
    for message in (*EVIL, WORDS, ORDINARY):
        with pytest.raises(CommitTextInCode) as caught:
            written(command, message)
        assert caught.value.advice
    assert "plain-1.0" in "".join(written(command, "plain-1.0"))


@pytest.mark.parametrize(
    "command",
    [
        'printf "${M}" x',
        'git commit -m x "${M}"',
        './notify "${M}"',
        'sed p "${M}"',
        "${M}",
        '[ "${M}" x ]',
        "perl -e 'print 1' \"${M}\"",
    ],
)
def test_a_word_that_begins_with_a_dash_is_an_option(command: str) -> None:
    for message in ("-v", "-va[$(touch", "--exec=x") if "[" not in command else ("-v",):
        with pytest.raises(CommitTextInCode):
            written(command, message)
    assert written("echo -- x; ./notify --text \"${M}\" -- '${M}'", "-v")


def test_flags_of_gos_linker_take_words_in_quotes() -> None:
    for command in (
        "go build -ldflags \"-s -X 'main.msg=${M}'\" .",
        "go build -ldflags=\"-X 'main.msg=${M}'\" .",
        'go build -gcflags "-N" -o "${M}" .',
    ):
        assert "Ada" not in "".join(written(command, "Ada Lovelace"))
    for message in ("x' '-extld=./evil", 'x" -extld=./evil', "a\nb"):
        with pytest.raises(CommitTextInCode, match="plain characters") as caught:
            written("go build -ldflags \"-X 'main.msg=${M}'\" .", message)
        assert "embeds" in caught.value.advice
    with pytest.raises(CommitTextInCode):
        written('go build -ldflags "-X main.msg=${M}" .', "x -extld=./evil")


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        ("cat <<E'N'D\n${DRONE_TAG}\ntouch pwned\nEND", {"DRONE_TAG": "END"}),
        ("cat <<\\\nEND\n${DRONE_TAG}\ntouch pwned\nEND", {"DRONE_TAG": "END"}),
        ("cat <<'v1.0'\nv${DRONE_TAG}\ntouch pwned\nv1.0", {"DRONE_TAG": "1.0"}),
        (
            "cat <<END\n${DRONE_TAG}${DRONE_BRANCH}\ntouch pwned\nEND",
            {"DRONE_TAG": "E", "DRONE_BRANCH": "ND"},
        ),
        ("cat <<END\nE\\\n${DRONE_TAG}\ntouch pwned\nEND", {"DRONE_TAG": "ND"}),
        ("cat <<END\n${DRONE_TAG##v}\ntouch pwned\nEND", {"DRONE_TAG": "vEND"}),
        (
            "cat <<-EN${DRONE_BRANCH}\n\t${DRONE_TAG}\ntouch pwned\nEND",
            {"DRONE_TAG": "END", "DRONE_BRANCH": "D"},
        ),
    ],
)
def test_a_plain_value_ends_no_here_document(document: str, variables: dict[str, str]) -> None:
    try:
        (text,), _ = with_variables([document], variables)
    except CommitTextInCode:
        return
    body = text.split("\n", 2 if "\\\n" in document.split("DRONE")[0][:8] else 1)[-1]
    assert "${" in body.partition("touch")[0]


def test_a_far_script_takes_words_in_quotes_that_are_text_there() -> None:
    assert written("ssh host \"echo '${M}'\"", "Ada Lovelace")
    assert written("ssh -p 22 host <<END\necho '${M}'\nEND", "Ada Lovelace")
    for command in (
        "ssh host 'echo ${M}'",
        "ssh host \"sh -c 'echo ${M}'\"",
        "ssh host \"'${M}'\"",
    ):
        with pytest.raises(CommitTextInCode):
            written(command, WORDS)


@pytest.mark.parametrize(
    "name", ["EDITOR", "BASH_ENV", "PS4", "LD_PRELOAD", "GIT_SSH", "X_COMMAND"]
)
def test_a_variable_that_programs_run_takes_plain_values_alone(name: str) -> None:
    for place in ("", "steps: "):
        own = f"environment: {{{name}: 'a ${{DRONE_COMMIT_MESSAGE}}'}}"
        step = f"steps: [{{name: a, image: i{', ' + own if place else ''}}}]"
        text = f"kind: pipeline\n{step}\n{'' if place else own}".encode()
        pipeline = load(text, file="f", trusted=False).pipelines[0]
        with pytest.raises(CommitTextInCode, match=f"the variable {name} may run"):
            compile_pipeline(pipeline, Build(id="x", variables={"DRONE_COMMIT_MESSAGE": "a b"}))
        compile_pipeline(pipeline, Build(id="x", variables={"DRONE_COMMIT_MESSAGE": "a"}))


@pytest.mark.parametrize(
    ("entrypoint", "command"),
    [
        (["docker-entrypoint.sh"], ["sh", "-c", "echo ${M}"]),
        (None, ["docker-entrypoint.sh", "sh", "-c", "echo ${M}"]),
        (["sqlite3"], ["x.db", "select '${M}'"]),
        (["mongosh"], ["--eval", "print('${M}')"]),
        (None, ["--exec", "${M}"]),
    ],
)
def test_words_of_a_container_that_may_run_it(
    entrypoint: list[str] | None, command: list[str]
) -> None:
    words = [word.replace("${M}", "${DRONE_COMMIT_MESSAGE}") for word in command]
    with pytest.raises(CommitTextInCode):
        program_with_variables(entrypoint, words, {"DRONE_COMMIT_MESSAGE": ORDINARY})


def test_a_form_within_one_of_the_scripts_own_is_the_builds() -> None:
    assert written("echo ${X:-${M}} ${Y//\\//-}", "v1") == ["echo ${X:-v1} ${Y//\\//-}"]
