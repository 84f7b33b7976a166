"""From a project file to the DAGs that deliver it."""
