"""One module for each kind of git host: how it signs, and what its events are called."""
