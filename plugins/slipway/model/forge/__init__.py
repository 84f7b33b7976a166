"""Git hosts: which there are, where a repository lies, who asks, and what a commit shows."""
