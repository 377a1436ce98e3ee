"""Databases and roles: one database a service, owned by one role and used by another."""

import psycopg
from psycopg import sql


def provision_database(
    admin_dsn: str,
    *,
    name: str,
    owner_role: str,
    owner_password: str,
    service_role: str,
    service_password: str,
) -> None:
    """Create a database, its owner (for migrations) and its service role, or bring them up to date.

    The service role is neither owner nor superuser, can't bypass row level security, and gets its table
    privileges from the migrations. Nobody else may connect.
    """
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        _ensure_role(admin, owner_role, owner_password)
        _ensure_role(admin, service_role, service_password)
        exists = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if not exists:
            admin.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(name), sql.Identifier(owner_role)
                )
            )
        restrict_connections(admin, name, service_role)
    with psycopg.connect(admin_dsn, autocommit=True, dbname=name) as inside:
        owner, service = sql.Identifier(owner_role), sql.Identifier(service_role)
        inside.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        inside.execute(sql.SQL("GRANT ALL ON SCHEMA public TO {}").format(owner))
        inside.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(service))


def restrict_connections(admin: psycopg.Connection, database: str, service_role: str) -> None:
    """Let only the owner and the service role connect to a database."""
    name = sql.Identifier(database)
    admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    admin.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.Identifier(service_role)))


def _ensure_role(admin: psycopg.Connection, role: str, password: str) -> None:
    exists = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    verb = sql.SQL("ALTER" if exists else "CREATE")
    admin.execute(
        sql.SQL("{} ROLE {} WITH LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD {}").format(
            verb, sql.Identifier(role), sql.Literal(password)
        )
    )
