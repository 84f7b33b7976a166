"""What Airflow's side of ``fab check`` looks at: a project's surroundings; nothing is changed."""
