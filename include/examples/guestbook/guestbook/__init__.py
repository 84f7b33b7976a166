"""A guestbook: a small web service on PostgreSQL."""
