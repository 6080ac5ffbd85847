"""Cases shared with and transferred to other organisations: asked, answered, taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "referral",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("from_org_id", sa.Integer(), nullable=False),
        sa.Column("to_org_id", sa.Integer(), nullable=False),
        sa.Column("to_county_id", sa.Integer(), nullable=False),
        sa.Column("basis", sa.String(10), nullable=False),
        sa.Column("law", sa.String(120), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("decision", sa.String(10)),
        sa.Column("decided_by", sa.Integer()),
        sa.Column("decided_at", sa.DateTime()),
        sa.Column("answer", sa.String(200), nullable=False),
        sa.Column("ended_by", sa.Integer()),
        sa.Column("ended_at", sa.DateTime()),
        sa.CheckConstraint("kind IN ('share', 'transfer')", name="ck_referral_kind"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_referral_case_id_cases"),
        sa.ForeignKeyConstraint(["county_id"], ["organisation.id"], name="fk_referral_county_id_organisation"),
        sa.ForeignKeyConstraint(["from_org_id"], ["organisation.id"], name="fk_referral_from_org_id_organisation"),
        sa.ForeignKeyConstraint(["to_org_id"], ["organisation.id"], name="fk_referral_to_org_id_organisation"),
        sa.ForeignKeyConstraint(["to_county_id"], ["organisation.id"], name="fk_referral_to_county_id_organisation"),
        sa.ForeignKeyConstraint(["asked_by"], ["account.id"], name="fk_referral_asked_by_account"),
        sa.ForeignKeyConstraint(["decided_by"], ["account.id"], name="fk_referral_decided_by_account"),
        sa.ForeignKeyConstraint(["ended_by"], ["account.id"], name="fk_referral_ended_by_account"),
        sa.PrimaryKeyConstraint("id", name="pk_referral"),
    )
    op.create_index("ix_referral_case_id", "referral", ["case_id"])
    op.create_index("ix_referral_to_org_id_decided_at", "referral", ["to_org_id", "decided_at"])
    op.create_index("ix_referral_to_county_id_decided_at", "referral", ["to_county_id", "decided_at"])


def downgrade() -> None:
    op.drop_table("referral")
