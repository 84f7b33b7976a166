"""Where pages are: the board's own, and Airflow's."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode


def _part(text: str) -> str:
    """Return one part of a path, whatever somebody named it."""
    return quote(text, safe="")


@dataclass(frozen=True, kw_only=True, slots=True)
class Links:
    """Makes the links of a page.

    :param board: the path of the board's first page, without its last slash.
    :param airflow: that of Airflow's, likewise; empty where it is at the top.
    """

    board: str
    airflow: str

    def static(self, name: str) -> str:
        """Return where a file of the pages is."""
        return f"{self.board}/static/{name}"

    def home(self, **query: str) -> str:
        """Return the board, with what is looked for."""
        given = {name: value for name, value in query.items() if value}
        return f"{self.board}/?{urlencode(given)}" if given else f"{self.board}/"

    def environment(self, project: str, environment: str, action: str = "", **query: str) -> str:
        """Return an environment's page, or that of something to do there."""
        found = f"{self.board}/e/{_part(project)}/{_part(environment)}"
        found += f"/{action}" if action else ""
        return f"{found}?{urlencode(query)}" if query else found

    def figures(self, project: str, environment: str, days: int = 0) -> str:
        """Return the page of an environment's figures."""
        found = f"{self.board}/d/{_part(project)}/{_part(environment)}"
        return f"{found}?{urlencode({'days': days})}" if days else found

    def release(self, project: str, version: str) -> str:
        """Return a release's page."""
        return f"{self.board}/r/{_part(project)}/{_part(version)}"

    def dag(self, dag_id: str) -> str:
        """Return Airflow's page of a DAG."""
        return f"{self.airflow}/dags/{_part(dag_id)}"

    def run(self, dag_id: str, run_id: str) -> str:
        """Return Airflow's page of a run."""
        return f"{self.dag(dag_id)}/runs/{_part(run_id)}"

    def task(self, dag_id: str, run_id: str, task_id: str) -> str:
        """Return Airflow's page of a task, which begins with its log."""
        return f"{self.run(dag_id, run_id)}/tasks/{_part(task_id)}"

    def login(self, here: str) -> str:
        """Return where Airflow asks for a login, and then leads back.

        :param here: the whole address of the page that was asked for.
        """
        return f"{self.airflow}/api/v2/auth/login?{urlencode({'next': here})}"
