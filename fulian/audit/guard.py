"""What keeps the log from being changed inside the database; statements for the revision that makes the table.

On PostgreSQL the application's role may only read and add (`fulian.lineages.grant_rights`); the trigger stops the
owner's own mistakes too. Whoever can drop a trigger is found by the chain.
"""

from __future__ import annotations

TABLE = "audit_entry"
_SAID = "audit_entry is written once"

_SQLITE = tuple(
    f"CREATE TRIGGER {TABLE}_no_{act.lower()} BEFORE {act} ON {TABLE} BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"
    for act in ("UPDATE", "DELETE")
)
# INSERT OR REPLACE takes a row away without firing the trigger on DELETE, by the chain's key or by the hidden rowid.
_SQLITE_REPLACE = (
    f"CREATE TRIGGER {TABLE}_no_replace BEFORE INSERT ON {TABLE}"  # noqa: S608 - constants only
    f" WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE county_id = NEW.county_id AND seq = NEW.seq)"
    f" OR EXISTS (SELECT 1 FROM {TABLE} WHERE rowid = NEW.rowid)"
    f" BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"
)
_POSTGRESQL = (
    f"CREATE FUNCTION {TABLE}_is_final() RETURNS trigger LANGUAGE plpgsql AS"
    f" $$ BEGIN RAISE EXCEPTION '{_SAID}'; END $$",
    f"CREATE TRIGGER {TABLE}_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON {TABLE}"
    f" FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_is_final()",
)

# Dialect → what to run after the table is made, and after it is dropped (its triggers go with it).
GUARD = {"sqlite": (*_SQLITE, _SQLITE_REPLACE), "postgresql": _POSTGRESQL}
UNGUARD = {"sqlite": (), "postgresql": (f"DROP FUNCTION {TABLE}_is_final()",)}
