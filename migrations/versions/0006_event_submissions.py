"""Lines of history: which filling of a form wrote them, so that a second press or a cut line writes nothing again."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# PostgreSQL compares it bytewise: with another collation an equality on it ignores the index.
C_TEXT = sa.String(36).with_variant(sa.String(36, collation="C"), "postgresql")
WRITTEN = sa.text("submission_id IS NOT NULL")


def upgrade() -> None:
    op.add_column("event", sa.Column("submission_id", C_TEXT, nullable=True))
    op.create_index(
        "ix_event_submission_id",
        "event",
        ["submission_id"],
        unique=True,
        sqlite_where=WRITTEN,
        postgresql_where=WRITTEN,
    )


def downgrade() -> None:
    op.drop_index("ix_event_submission_id", "event")
    with op.batch_alter_table("event") as table:
        table.drop_column("submission_id")
