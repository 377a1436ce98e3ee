"""The ledger's storage in PostgreSQL, each account behind row level security."""
