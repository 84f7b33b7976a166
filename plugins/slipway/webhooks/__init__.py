"""What git hosts tell of their own accord: a signed word that makes the watcher look at once."""
