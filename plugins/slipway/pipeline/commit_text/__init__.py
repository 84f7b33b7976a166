"""Text of a commit in a command: it arrives as text, and never becomes code."""
