"""Openings: at most one that has not ended in a unit for a programme; every stop of the intake stays as history."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ONE = "uq_opening_county_id_programme"
RUNNING = sa.text("ends_at IS NULL")
TWICE = "重复启用，并入先启用的那一次"


def upgrade() -> None:
    names = ("id", "county_id", "programme", "starts_at", "intake_ends_at", "ends_at", "end_reason")
    opening = sa.table("opening", *(sa.column(name) for name in names))
    first = opening.alias("first")
    same = (first.c.county_id == opening.c.county_id) & (first.c.programme == opening.c.programme)
    earlier = sa.exists().where(same, first.c.ends_at.is_(None), first.c.id < opening.c.id)
    op.execute(
        opening.update()
        .where(opening.c.ends_at.is_(None), earlier)
        .values(intake_ends_at=opening.c.starts_at, ends_at=opening.c.starts_at, end_reason=TWICE)
    )
    op.create_index(
        ONE, "opening", ["county_id", "programme"], unique=True, sqlite_where=RUNNING, postgresql_where=RUNNING
    )
    op.create_table(
        "opening_stop",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("opening_id", sa.Integer(), nullable=False),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(), nullable=False),
        sa.Column("stopped_by", sa.Integer()),
        sa.Column("stop_reason", sa.String(200), nullable=False),
        sa.Column("resumed_at", sa.DateTime(), nullable=False),
        sa.Column("resumed_by", sa.Integer()),
        sa.Column("resume_reason", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(["opening_id"], ["opening.id"], name="fk_opening_stop_opening_id_opening"),
        sa.ForeignKeyConstraint(["county_id"], ["organisation.id"], name="fk_opening_stop_county_id_organisation"),
        sa.ForeignKeyConstraint(["stopped_by"], ["account.id"], name="fk_opening_stop_stopped_by_account"),
        sa.ForeignKeyConstraint(["resumed_by"], ["account.id"], name="fk_opening_stop_resumed_by_account"),
        sa.PrimaryKeyConstraint("id", name="pk_opening_stop"),
    )
    op.create_index("ix_opening_stop_opening_id", "opening_stop", ["opening_id"])


def downgrade() -> None:
    op.drop_table("opening_stop")
    op.drop_index(ONE, "opening")
