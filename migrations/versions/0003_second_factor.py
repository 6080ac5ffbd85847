"""A second factor: authenticators, recovery slips, and whether leads and admins must have one."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "authenticator",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("set_at", sa.DateTime(), nullable=False),
        sa.Column("seal_id", sa.LargeBinary(16), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_authenticator_account_id_account"),
        sa.PrimaryKeyConstraint("account_id", name="pk_authenticator"),
    )
    op.create_table(
        "recovery_slip",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(16), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("used_at", sa.DateTime()),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_recovery_slip_account_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_slip"),
    )
    op.create_index("ix_recovery_slip_account_id", "recovery_slip", ["account_id"])
    op.create_table(
        "second_factor_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("set_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_second_factor_rule"),
    )


def downgrade() -> None:
    op.drop_table("second_factor_rule")
    op.drop_table("recovery_slip")
    op.drop_table("authenticator")
