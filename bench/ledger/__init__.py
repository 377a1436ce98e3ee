"""How fast the ledger is, beside the same durable work written by hand in the database."""
