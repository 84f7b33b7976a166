"""News for people: what sends them, and what finds those that nobody left."""
