"""Functions that run as the tables' owner look at nothing that their caller could have put in its way."""

from collections.abc import Callable

import psycopg
import pytest
from embedded.testing import ServiceDatabase
from source import SERVICES

# Those of extensions are not ours.
FUNCTIONS = """
SELECT p.oid::regprocedure::text, coalesce(p.proconfig, '{}'),
    has_function_privilege('public', p.oid, 'EXECUTE') AND p.prorettype <> 'trigger'::regtype
FROM pg_proc p
WHERE p.prosecdef AND p.pronamespace <> 'pg_catalog'::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
ORDER BY 1
"""


@pytest.mark.parametrize("service", SERVICES)
def test_temporary_tables_come_last(service: str, service_database: Callable[[str], ServiceDatabase]) -> None:
    """Where `pg_temp` is not named, it comes first, and everybody may make a table there."""
    with psycopg.connect(service_database(service).admin_dsn) as admin:
        functions = admin.execute(FUNCTIONS).fetchall()
    for name, settings, is_everybodys in functions:
        paths = [setting.partition("=")[2] for setting in settings if setting.startswith("search_path=")]
        assert paths, f"{service}: {name} has no search_path of its own"
        places = [place.strip().strip('"') for place in paths[0].split(",")]
        assert places[-1] == "pg_temp", f"{service}: {name} looks at {paths[0]}"
        assert set(places) <= {"pg_catalog", "public", "pg_temp"}, f"{service}: {name}"
        assert not is_everybodys, f"{service}: {name} is everybody's to call"


def test_there_are_functions_to_look_at(service_database: Callable[[str], ServiceDatabase]) -> None:
    """The query finds those that there are."""
    with psycopg.connect(service_database("identity").admin_dsn) as admin:
        names = {name for name, *_ in admin.execute(FUNCTIONS).fetchall()}
    assert {"keep_an_administrator()", "require_record_of_role()", "erase_user(text,text)"} <= names
