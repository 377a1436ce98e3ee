"""Storage in PostgreSQL, each account behind row level security."""
