"""The Airflow DAG in which people hold, resume, stop and reject."""

from include.delivery.controls.controls_dag import controls_dag
from include.project.loader import load_projects

controls = controls_dag(load_projects().projects.values())
