"""Pure decisions: freezes, retention, schemas."""
