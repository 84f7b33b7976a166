"""The Airflow DAG that tidies up after all projects."""

from include.delivery.housekeeping_dag import housekeeping_dag
from include.project.loader import load_projects

housekeeping = housekeeping_dag(load_projects().projects.values())
