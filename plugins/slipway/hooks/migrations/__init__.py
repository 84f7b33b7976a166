"""Migrations: what their files say, what goose and the database say of them, and what follows."""
