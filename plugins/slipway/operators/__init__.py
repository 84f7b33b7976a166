"""What the tasks of a run do: a file for each kind of task."""
