"""Generation on PostgreSQL: SQLAlchemy Core, psycopg, row level security."""
