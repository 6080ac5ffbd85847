"""The one environment of all lineages, the core's and every plugin's; `fulian.lineages` says which and where."""

from alembic import context

from fulian.db import Base
from fulian.lineages import check_foreign_keys, comparison, render_type

given = context.config.attributes
connection = given["connection"]
options = comparison(connection, given["lineage"], given["lineages"])
connection.rollback()  # alembic commits nothing where it finds a transaction already begun

context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    transaction_per_migration=True,  # what ran before a failure stands
    on_version_apply=check_foreign_keys,
    render_item=render_type,
    **options,
)
context.run_migrations()
