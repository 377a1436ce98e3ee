"""PostgreSQL, by SQLAlchemy: units of work, and readers of what is committed."""
