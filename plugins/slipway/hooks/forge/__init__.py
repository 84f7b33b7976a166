"""Git hosts as more than git: what they show of a commit, over their REST APIs."""
