"""One Airflow DAG per project, and more for its environments, from include/projects/*.yaml.

A task needs only its own DAG, so a worker reads that project's file alone. Broken project files
are shown by broken_projects.py. With hundreds of projects `ProjectsBundle` takes this file's place.
"""

from airflow.sdk import get_parsing_context

from include.delivery.commit_dag import build, dag_ids
from include.delivery.project_bundle import is_in_use, own_dag
from include.project.loader import load_projects

wanted = get_parsing_context().dag_id
if wanted is not None:
    globals().update(own_dag(wanted))
elif not is_in_use():
    for project in load_projects().projects.values():
        globals().update({dag_id: build(project, dag_id) for dag_id in dag_ids(project)})
