"""Drone's docker pipelines: reader, model, lint, compiler, spec, runner; no Airflow inside."""
