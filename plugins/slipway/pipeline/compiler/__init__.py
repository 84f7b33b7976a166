"""From a pipeline file's model to the containers that run it."""
