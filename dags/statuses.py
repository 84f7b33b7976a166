"""The Airflow DAG that sends statuses of commits; there is none where no project asks for them."""

from include.delivery.statuses import statuses_dag
from include.project.loader import load_projects

statuses = statuses_dag(load_projects().projects.values())
