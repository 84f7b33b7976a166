"""The clone in which somebody stands: what is there, committed or not."""
