"""Mediation: detail, disputes, willingness, sessions, agreements with clauses, visits, reports to the police."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mediation_agreement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("partial", sa.Boolean(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=True),
        sa.Column("disputed", sa.LargeBinary(), nullable=True),
        sa.Column("applicant_signed_on", sa.Date(), nullable=True),
        sa.Column("respondent_signed_on", sa.Date(), nullable=True),
        sa.Column("mediator_signed_on", sa.Date(), nullable=True),
        sa.Column("sealed_on", sa.Date(), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("discarded_at", sa.DateTime(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("seal_id", sa.LargeBinary(length=16), nullable=False),
        sa.CheckConstraint("kind IN ('written', 'oral')", name=op.f("ck_mediation_agreement_kind")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_mediation_agreement_account_id_account")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_mediation_agreement_case_id_cases"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_mediation_agreement_county_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mediation_agreement")),
    )
    with op.batch_alter_table("mediation_agreement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mediation_agreement_case_id"), ["case_id"], unique=False)

    op.create_table(
        "mediation_detail",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.Column(
            "file_number",
            sa.String(length=60).with_variant(sa.String(length=60, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("hit", sa.String(length=10), nullable=False),
        sa.Column("threatened", sa.String(length=10), nullable=False),
        sa.Column("unsafe", sa.String(length=10), nullable=False),
        sa.Column("severe", sa.Boolean(), nullable=False),
        sa.Column("notice_version", sa.String(length=20), nullable=False),
        sa.Column("notice_given_at", sa.DateTime(), nullable=True),
        sa.Column("routes_told_by", sa.String(length=50), nullable=True),
        sa.Column("routes_told_on", sa.Date(), nullable=True),
        sa.Column("transferred_to", sa.String(length=100), nullable=True),
        sa.Column("extended_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_mediation_detail_case_id_cases"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_mediation_detail_county_id_organisation")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_mediation_detail")),
    )
    op.create_table(
        "mediation_dispute",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_mediation_dispute_case_id_cases"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_mediation_dispute_county_id_organisation")
        ),
        sa.PrimaryKeyConstraint("case_id", "code", name=op.f("pk_mediation_dispute")),
    )
    op.create_table(
        "mediation_follow_up",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.Column("visited_on", sa.Date(), nullable=False),
        sa.Column("visited", sa.String(length=10), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("performance", sa.String(length=10), nullable=False),
        sa.Column("satisfaction", sa.String(length=12), nullable=False),
        sa.Column("recurred", sa.Boolean(), nullable=False),
        sa.Column("escalated", sa.Boolean(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_mediation_follow_up_account_id_account")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_mediation_follow_up_case_id_cases"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_mediation_follow_up_county_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mediation_follow_up")),
    )
    with op.batch_alter_table("mediation_follow_up", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mediation_follow_up_case_id"), ["case_id"], unique=False)

    op.create_table(
        "mediation_police_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.Column("reported_at", sa.DateTime(), nullable=False),
        sa.Column("station", sa.String(length=60), nullable=False),
        sa.Column("receipt", sa.String(length=60), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_mediation_police_report_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_mediation_police_report_case_id_cases"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_mediation_police_report_county_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mediation_police_report")),
    )
    with op.batch_alter_table("mediation_police_report", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mediation_police_report_case_id"), ["case_id"], unique=False)

    op.create_table(
        "mediation_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("held_at", sa.DateTime(), nullable=False),
        sa.Column("place", sa.String(length=60), nullable=False),
        sa.Column("mediators", sa.String(length=100), nullable=False),
        sa.Column("guests", sa.String(length=200), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("result", sa.String(length=10), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("seal_id", sa.LargeBinary(length=16), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_mediation_session_account_id_account")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_mediation_session_case_id_cases"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_mediation_session_county_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mediation_session")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_mediation_session_case_id_number")),
    )
    op.create_table(
        "mediation_clause",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=True),
        sa.Column("matter", sa.String(length=10), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("place", sa.String(length=60), nullable=False),
        sa.Column("term", sa.String(length=60), nullable=False),
        sa.Column("seal_id", sa.LargeBinary(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id"],
            ["mediation_agreement.id"],
            name=op.f("fk_mediation_clause_agreement_id_mediation_agreement"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_mediation_clause_case_id_cases"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_mediation_clause_county_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mediation_clause")),
        sa.UniqueConstraint("agreement_id", "number", name=op.f("uq_mediation_clause_agreement_id_number")),
    )
    with op.batch_alter_table("mediation_clause", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mediation_clause_case_id"), ["case_id"], unique=False)

    op.create_table(
        "mediation_willingness",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.Column("party_id", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(length=10), nullable=False),
        sa.Column("said_on", sa.Date(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_mediation_willingness_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_mediation_willingness_case_id_cases"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_mediation_willingness_county_id_organisation")
        ),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_mediation_willingness_party_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mediation_willingness")),
    )
    with op.batch_alter_table("mediation_willingness", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mediation_willingness_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_mediation_willingness_party_id"), ["party_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("mediation_willingness", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mediation_willingness_party_id"))
        batch_op.drop_index(batch_op.f("ix_mediation_willingness_case_id"))

    op.drop_table("mediation_willingness")
    with op.batch_alter_table("mediation_clause", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mediation_clause_case_id"))

    op.drop_table("mediation_clause")
    op.drop_table("mediation_session")
    with op.batch_alter_table("mediation_police_report", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mediation_police_report_case_id"))

    op.drop_table("mediation_police_report")
    with op.batch_alter_table("mediation_follow_up", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mediation_follow_up_case_id"))

    op.drop_table("mediation_follow_up")
    op.drop_table("mediation_dispute")
    op.drop_table("mediation_detail")
    with op.batch_alter_table("mediation_agreement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mediation_agreement_case_id"))

    op.drop_table("mediation_agreement")
