"""JUnit reports that steps leave."""
