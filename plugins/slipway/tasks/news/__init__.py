"""News for people: what tasks leave for them, what is remembered, and who sends it."""
