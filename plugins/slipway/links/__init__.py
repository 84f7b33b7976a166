"""Where Airflow's pages lead: the commit at its host, the machines at the cloud, the board."""
