"""The nouns: facts, releases, repositories, targets. JSON in and out, no world."""
