"""Pipeline files of earlier years, converted to today's form."""
