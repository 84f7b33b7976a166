"""What a commit says reaches commands as text: it arrives as Drone would paste it, and never runs.

Everything is run by real shells, in a folder in which a file ``pwned`` tells of a command.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.pipeline.commit_text.insertion import CommitTextInCode
from slipway.pipeline.compiler.script import with_variables

SHELLS = [shell for shell in ("/bin/sh", "/bin/bash") if Path(shell).exists()]
AUTHOR = 'Ada O\'Lovelace (she); "Countess" $HOME `id` \\n #1'
EVIL = [
    "touch pwned",
    "'; touch pwned; '",
    '"; touch pwned; "',
    "$(touch pwned)",
    "`touch pwned`",
    "'\"; touch pwned #",
    "x\ntouch pwned\n",
    "END\ntouch pwned",
    "\\'; touch pwned; \\\"; touch pwned",
    "'$(touch pwned)'\"$(touch pwned)\"",
    "; touch pwned;",
    "| touch pwned",
    "a[$(touch pwned)]",
    "e touch pwned",
    "x/e; touch pwned",
    "x/;e touch pwned\n",
    '"); system("touch pwned"); ("',
    "')); __import__('os').system('touch pwned'); (('",
    "${X:-$(touch pwned)}",
    "$(shell touch pwned)",
    "\\! touch pwned",
    "-exec touch pwned ;",
    "--use-compress-program=touch pwned",
    "-oProxyCommand=touch pwned",
    "--upload-pack=touch pwned",
]
# Where a text arrives: a command, and what it prints.
ARRIVES = {
    "double": ('printf %s "<${M}>"', "<{}>"),
    "single": ("printf %s '<${M}>'", "<{}>"),
    "single-json": ("""printf %s '{"text":"by ${M}"}'""", '{{"text":"by {}"}}'),
    "both": ("""printf '%s' 'a "'"${M}"'" b'""", 'a "{}" b'),
    "behind a backslash": (r'printf %s "\${M}"', "{}"),
    "assignment": ("x='${M}'; printf %s \"$x\"", "{}"),
    "exported": ("export X='${M}'; printenv X | head -c -1", "{}"),
    "quoted here-document": ("cat <<'END'\n<${M}> $x `y` \\z\nEND", "<{}> $x `y` \\z\n"),
    "half-quoted delimiter": ("cat <<E'N'D\n${M}\nEND", "{}\n"),
    "odd delimiter": ("cat <<'THE END'\n${M}\nTHE END\necho after", "{}\nafter\n"),
    "tabs": ("cat <<-'END'\n\ta ${M}\n\tEND\n", "a {}\n"),
    "two here-documents": ("cat <<'A' - <<'B'\nno\nA\n${M}\nB", "{}\n"),
    "here-document": ("cat <<END\n<${M}>\nEND", "<{}>\n"),
    "in a substitution": ('x="$(printf %s \'${M}.\')"; printf %s "$x"', "{}."),
    "a here-document in one": ('x="$(cat <<\'END\'\n${M}.\nEND\n)"; printf %s "$x"', "{}."),
    "in backquotes": ("x=`printf %s '${M}.'`; printf %s \"$x\"", "{}."),
    "in a group": ("{ printf %s '${M}'; } | cat", "{}"),
    "in a case": ("case x in y) ;; x) printf %s '${M}';; esac", "{}"),
    "in a case in one": ("printf %s \"$(case x in x) printf %s '${M}.';; esac)\"", "{}."),
    "in a function": ("f() { printf %s \"$1\"; }; f '${M}'", "{}"),
    "if": ("if [ '${M}' != x ]; then printf %s '${M}'; fi", "{}"),
    "for": ("for i in '${M}'; do printf %s \"$i\"; done", "{}"),
    "default": ("printf %s \"${NONE:-'${M}'}\"", "'{}'"),
    "comment": ("printf %s a # '${M}'", "a"),
    "a shell": ("sh -c 'printf %s \"${M}\"'", "{}"),
    "a shell, double": ("sh -c \"printf %s '${M}'\"", "{}"),
    "a shell, unquoted": ("sh -ec \"printf '%s ' ${M}\" >/dev/null; printf a", "a"),
    "a shell's argument": ("sh -c 'printf %s \"$1\"' x '${M}'", "{}"),
    "a shell in a shell": ('sh -c "sh -c \'printf %s \\"${M}\\"\'"', "{}"),
    "a shell's script": ("sh <<'END'\nprintf %s '<${M}>'\nEND", None),
    "a shell's open script": ('sh <<END\nprintf %s "${M}"\nEND', "{}"),
    "eval": ("eval \"printf %s '${M}'\"", "{}"),
    "eval of words": ("eval printf %s '\"${M}\"'", "{}"),
    "env": ("env A=b sh -c 'printf %s \"${M}\"'", "{}"),
    "xargs": ("echo x | xargs -I{} sh -c 'printf %s \"${M}\"'", "{}"),
    "find": ("find . -maxdepth 0 -exec sh -c 'printf %s \"${M}\"' \\;", "{}"),
    "a trap": ("trap 'printf %s \"${M}\"' EXIT", "{}"),
    "awk's variable": ("printf %s '${M}' | awk '{print \"a\"; exit}'", "a\n"),
    "a here-string": ("bash <<< \"printf %s '${M}'\"", "{}"),
    "behind an option": ("git --version >/dev/null; grep -c -e '${M}' /dev/null || true", "0\n"),
    "a function by its word": ("function f { sh -c 'printf %s \"${M}\"'; }; f", "{}"),
    "options of a shell": ("bash -c -e -- 'printf %s \"${M}\"'", "{}"),
    "a program's argument": ("python3 -c 'import sys; print(sys.argv[1])' '${M}'", "{}\n"),
    "a program's input": ("python3 -c 'print(input())' <<'END'\na ${M}\nEND", None),
    "an array's index elsewhere": ("printf %s '${M}' >/dev/null; echo $((1 + 1))", "2\n"),
    "a redirection": ("cat > 'notes' <<< x 2>/dev/null || true; printf %s '${M}'", "{}"),
}
# Where it would be code; a hostile text must not be taken, whatever it is.
REFUSED = [
    "${M}",
    '"${M}"',
    "./${M}",
    "exec ${M}",
    "timeout 5 ${M}",
    "timeout -s 9 5 ${M}",
    "env A=b ${M}",
    "nice -n 5 ${M}",
    "xargs ${M} </dev/null",
    "true && ${M}",
    "if ${M}; then :; fi",
    "echo $(${M})",
    "`${M}`",
    "sh -c '${M}'",
    'sh -c "${M}"',
    "eval '${M}'",
    'eval "${M}"',
    'bash -c "x; ${M}"',
    "echo '${M}' | sh",
    'printf "%s\\n" "${M}" | bash -s',
    "(echo a; echo '${M}') | sh",
    "{ echo '${M}'; } | sh",
    "cat <<END | sh\n${M}\nEND",
    "sh <<'END'\n${M}\nEND",
    "sh <<END\n${M}\nEND",
    "sh -s <<END\n${M}\nEND",
    "sh -c \"$(echo '${M}')\"",
    "eval \"$(echo '${M}')\"",
    "echo $((1 + ${M}))",
    "alias x='${M}'",
    "sudo sh -c 'echo \"${M}\"; ${M}'",
    "ssh host '${M}'",
    "docker exec x sh -c '${M}'",
    "python3 -c '${M}'",
    "perl -e '${M}'",
    "awk '${M}'",
    "sed '${M}' </dev/null",
    "sed -e '${M}'",
    "sed -n -e p -e '${M}'",
    'awk "BEGIN{${M}}"',
    "python3 - <<END\n${M}\nEND",
    "echo '${M}' | tee x | sudo sh",
    "echo '${M}' | xargs -I{} sh -c 'echo {}'",
    "at now <<END\n${M}\nEND",
    "echo '${M}' | xargs sh -c",
    "bash <(echo '${M}')",
    ". <(echo '${M}')",
    "source /dev/stdin <<< '${M}'",
    'function f { sh -c "${M}"; }; f',
    'sh -c -- "${M}"',
    'bash -ec -o pipefail "${M}"',
    'parallel ::: "${M}"',
    "docker build - <<END\nRUN ${M}\nEND",
    "make -f - <<END\na:\n\t${M}\nEND",
    "x[${M}]=1",
    "for ((i=${M}; i<1; i++)); do :; done",
    "echo $[ ${M} ]",
    "sed -E '${M}' </dev/null",
    "perl -e 'system(\"${M}\")'",
    "python3 -c 'import os; os.system(\"${M}\")'",
    "awk 'BEGIN{print 1 | \"${M}\"}'",
    "awk 'BEGIN{\"${M}\" | getline x}'",
    "psql <<END\n${M}\nEND",
]
# Where it is code of a program: some texts are only text there.
SOMETIMES = [
    "sed 's/a/${M}/' </dev/null",
    'sed "s|a|${M}|g" </dev/null',
    "sed 's/a/${M}/e' <<< a",
    "echo a | sed 's/.*/${M}/;e'",
    "echo a | sed -e p -e 's,a,${M},'",
    "awk 'BEGIN{print \"${M}\"}'",
    'awk "BEGIN{system(\\"echo ${M}\\")}"',
    "python3 -c 'print(\"${M}\")'",
    "python3 -c \"print('${M}')\"",
    "python3 -c 'import os; os.system(\"echo ${M}\")'",
    "python3 - <<'END'\nprint('${M}')\nEND",
    "perl -e 'print \"${M}\"'",
    "find . -name ${M}",
    "echo ${M}",
    "echo a ${M} b",
    "jq -n '\"${M}\"'",
    "git log --format=${M}",
    'tar cf x.tar "${M}"',
    "sed -E 's/a/${M}/e' <<< a",
    "jq --indent 2 -n '${M}'",
    'git fetch "${M}"',
    'ssh "${M}"',
    "echo '${M}' | xargs -n1 echo",
    "tar cf x.tar ${M}",
    "bash -c '[[ 1 -eq ${M} ]]'",
    "[[ '${M}' -eq 1 ]]",
    "make -f x 'X=${M}'",
    "sqlite3 x <<END\nselect '${M}';\nEND",
    "let x='${M}'",
    "declare '${M}'",
    "export ${M}",
    "unset '${M}'",
    "test -v '${M}'",
]


def run(shell: str, command: str, message: str, folder: Path) -> str:
    """Run a command the way a step does; ``${M}`` in it is the commit's message."""
    command = command.replace("${M}", "${DRONE_COMMIT_MESSAGE}")
    texts, computed = with_variables([command], {"DRONE_COMMIT_MESSAGE": message})
    env = {"PATH": os.environ["PATH"], "DRONE_COMMIT_MESSAGE": message, **computed}
    done = subprocess.run(
        [shell, "-c", f"set -e\n{texts[0]}"],
        env=env,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=30,
    )
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("place", ARRIVES)
def test_a_text_arrives_and_never_runs(place: str, shell: str, tmp_path: Path) -> None:
    command, expected = ARRIVES[place]
    if shell == "/bin/sh" and re.search("<<<|function ", command):
        pytest.skip("here-strings are not every shell's")
    for text in (AUTHOR, *EVIL):
        out = run(shell, command, text, tmp_path)
        assert not (tmp_path / "pwned").exists(), text
        if expected is not None:
            assert out == expected.format(text)


@pytest.mark.parametrize("command", REFUSED)
def test_what_would_be_a_command_is_refused(command: str, tmp_path: Path) -> None:
    for text in EVIL:
        with pytest.raises(CommitTextInCode, match="is more than plain characters"):
            run("/bin/sh", command, text, tmp_path)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("command", SOMETIMES)
def test_code_of_another_program_takes_only_text(command: str, shell: str, tmp_path: Path) -> None:
    for text in EVIL:
        try:
            run(shell, command, text, tmp_path)
        except CommitTextInCode:
            continue
        assert not (tmp_path / "pwned").exists(), text


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("echo '@A@' | sed -e 's/@A@/${M}/'", "Ada Lovelace\n"),
        ("echo '@A@' | sed \"s|@A@|${M}|g\"", "Ada Lovelace\n"),
        ("awk 'BEGIN{print \"${M}\"}'", "Ada Lovelace\n"),
        ("python3 -c 'print(\"${M}\")'", "Ada Lovelace\n"),
        ("python3 - <<'END'\nprint('${M}')\nEND", "Ada Lovelace\n"),
        ("echo ${M}", "Ada Lovelace\n"),
    ],
)
def test_an_author_with_a_blank_is_text_for_every_program(
    command: str, expected: str, tmp_path: Path
) -> None:
    if command.startswith("awk") and shutil.which("awk") is None:
        pytest.skip("there is no awk")
    assert run("/bin/sh", command, "Ada Lovelace", tmp_path) == expected


def test_a_branch_that_ends_a_here_document_does_not(tmp_path: Path) -> None:
    command = "cat <<'END'\n${M}\ntouch pwned\nEND"
    assert run("/bin/sh", command, "END", tmp_path) == "END\ntouch pwned\n"
    assert not (tmp_path / "pwned").exists()


def test_what_only_the_run_knows_is_replaced_in_single_quotes() -> None:
    command = "echo '${DRONE_BUILD_STATUS}' \"${DRONE_BUILD_STATUS}\" '$${DRONE_BUILD_STATUS}'"
    (text,), _ = with_variables([command], {})
    done = subprocess.run(
        ["/bin/sh", "-c", text],
        env={"DRONE_BUILD_STATUS": "failure"},
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout == "failure failure ${DRONE_BUILD_STATUS}\n"


def test_the_authors_own_words_in_a_form_are_pasted() -> None:
    (text,), computed = with_variables(["echo ${DRONE_TAG:-no tag; echo b}"], {})
    assert (text, computed) == ("echo no tag; echo b", {})


SHELL_TEXT = st.text(alphabet="${}()'\"`\\<>|;&# \nabcM=-", max_size=60)


@settings(max_examples=300, deadline=None)
@given(SHELL_TEXT, SHELL_TEXT)
def test_any_command_is_written_or_refused(before: str, after: str) -> None:
    variables = {"DRONE_COMMIT_MESSAGE": "$(touch pwned)\n'"}
    try:
        (text,), _ = with_variables([f"{before}${{DRONE_COMMIT_MESSAGE}}{after}"], variables)
    except CommitTextInCode:
        return
    assert "touch" not in text
