"""Drone's docker pipelines: read, checked, compiled, run; no Airflow inside."""
