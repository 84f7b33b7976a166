"""One release's service, watched while its database is migrated."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from slipway.exceptions import ToolFailed
from slipway.model.cloud.health_check import is_right
from slipway.model.proof_settings import Question
from slipway.model.text.postgres_log import FailedStatement, failed_statements
from slipway.tasks.proof.live_service import Answer, LiveService, NotStartable
from slipway.tasks.proof.scratch_database import ScratchDatabase

# Seconds until what a service writes to its database's log is there, and before a second question.
_SETTLE, _AGAIN = 0.5, 1.0
# Failed statements that are looked at.
_MOST = 20


@dataclass(frozen=True, kw_only=True)
class Broken:
    """How a release fails.

    :param said: what it answers, and the first query that failed.
    :param migration: since which file; empty where that was not seen.
    """

    said: str
    migration: str = ""


@dataclass(kw_only=True)
class Trial:
    """Compares a service before and after a migration.

    Call ``begin`` on the schema that the service knows, ``step`` for each migration, then ``end``.

    :param service: started, and healthy.
    :param database: that it is connected to.
    :param reference: a copy that is never migrated; None where there is none.
    :param log: receives every line.
    """

    service: LiveService
    database: ScratchDatabase
    reference: ScratchDatabase | None
    log: Callable[[str], None]
    _questions: list[Question] = field(default_factory=list)
    _command: bool = False
    _known: set[FailedStatement] = field(default_factory=set)
    _read: int = 0
    # Of each file: what failed after it, and the statements that did.
    _steps: list[tuple[str, str, list[FailedStatement]]] = field(default_factory=list)

    def begin(self) -> None:
        """Find out what works before anything is migrated: only that can be broken.

        Everything is asked twice, as it will be again: what makes something of one name works once.
        """
        asked = [self.service.health, *self.service.settings.questions]
        answers = (self.service.ask(asked), self.service.ask(asked))
        for question, first, second in zip(asked, *answers, strict=True):
            right = self._right(question, first)
            if right and self._right(question, second):
                self._questions.append(question)
            else:
                wrong = f"asked again it answers {second}" if right else f"it answers {first}"
                self.log(f"{question} shows nothing: before any migration {wrong}")
        if self.service.settings.command:
            self._try_command()
        self._known = set(self._failures())

    def _try_command(self) -> None:
        for time_ in ("", " the second time"):
            self._command, said = self.service.command()
            if not self._command:
                self.log(f"the command shows nothing: before any migration it fails{time_}: {said}")
                return

    def step(self, name: str, migrate: Callable[[], object]) -> None:
        """Apply one migration while the service runs, and ask it again.

        :param name: of the file.
        :param migrate: applies it.
        """
        try:
            migrate()
        except ToolFailed as error:
            self.log(f"{name} cannot be applied while the release runs: {error.message}")
            self.service.stop()
            migrate()
            self._start_again()
        self._steps.append((name, self._failing_for_good(f"after {name}"), self._failures()))

    def end(self) -> Broken | None:
        """Start the service anew on the migrated schema, and ask it everything.

        :returns: how it fails; None where it does not.
        """
        failing = self._start_again() or self._failing_for_good("after the last start")
        if not failing and self._command:
            right, said = self.service.command()
            failing = "" if right else f"the command fails: {said}"
        last = self._failures()
        queries = self._no_longer_taken([*(one for *_, seen in self._steps for one in seen), *last])
        if not failing and not queries:
            return None
        named = queries or last or [one for *_, seen in self._steps for one in seen]
        query = f"the first query that failed: {named[0]}" if named else ""
        return Broken(
            said="\n  ".join(one for one in (failing, query) if one), migration=self._since(queries)
        )

    def seen(self) -> str:
        """Say what was asked, and so what a good end shows."""
        asked = [str(one) for one in self._questions]
        asked += ["its own command"] if self._command else []
        more = "" if len(asked) > 1 else "; name `migrations: {prove: {requests: [...]}}` for more"
        return f"{', '.join(asked)}{more}"

    def _start_again(self) -> str:
        try:
            self.service.start_again()
        except NotStartable as error:
            return f"it does not start: {error.message}"
        return ""

    def _failing(self) -> str:
        """Ask what worked before, and name the first that does not now."""
        answers = self.service.ask(self._questions)
        wrong = (
            f"{question}: {answer}"
            for question, answer in zip(self._questions, answers, strict=True)
            if not self._right(question, answer)
        )
        return next(wrong, "")

    def _failing_for_good(self, when: str) -> str:
        """Ask once more where something fails: it may be for a moment, which is told."""
        failing = self._failing()
        if not failing:
            return ""
        time.sleep(_AGAIN)
        still = self._failing()
        if not still:
            self.log(f"for a moment {when}: {failing}")
        return still

    def _failures(self) -> list[FailedStatement]:
        """Return what failed in the database since the last look, and never did before that."""
        time.sleep(_SETTLE)
        log = b"".join(self.database.engine.written(self.database.container))
        new, self._read = log[self._read :], len(log)
        failed = failed_statements(new.decode(errors="replace"))
        return [one for one in dict.fromkeys(failed) if one not in self._known]

    def _no_longer_taken(self, failed: Sequence[FailedStatement]) -> list[FailedStatement]:
        """Pick the statements that the old schema takes and the new one does not."""
        if self.reference is None:
            return []
        maybe = [one for one in dict.fromkeys(failed) if one.names_what_is_not_there]
        return [
            one
            for one in maybe[:_MOST]
            if one.statement
            and self.reference.takes(one.statement)
            and not self.database.takes(one.statement)
        ]

    def _since(self, queries: Sequence[FailedStatement]) -> str:
        """Name the file after which it failed to the end."""
        since = ""
        for name, failing, seen in reversed(self._steps):
            if not failing and not set(queries) & set(seen):
                break
            since = name
        if since:
            return since
        return next((name for name, _, seen in self._steps if set(queries) & set(seen)), "")

    def _right(self, question: Question, answer: Answer) -> bool:
        """Health is what the balancer calls so: a service may answer 401 and be healthy."""
        if question == self.service.health:
            return is_right(answer.status, self.service.right)
        return 0 < answer.status < 400
