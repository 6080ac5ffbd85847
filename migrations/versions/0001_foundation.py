"""Foundation: organisations, accounts, people, cases, programmes, jobs, the log."""

import sqlalchemy as sa
from alembic import op

from fulian.audit.guard import GUARD, UNGUARD

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def c_text(length: int) -> sa.String:
    """Text that PostgreSQL compares bytewise: with another collation an equality on it ignores the index."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("county_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("act", sa.String(80), nullable=False),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("account_id", sa.Integer()),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.String(60), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Integer()),
        sa.Column("counties", sa.Text()),
        sa.Column("fields", sa.Text()),
        sa.Column("change", sa.LargeBinary()),
        sa.Column("prev", sa.LargeBinary(33), nullable=False),
        sa.Column("hash", sa.LargeBinary(33), nullable=False),
        sa.Column("seal_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("county_id", "seq", name="pk_audit_entry"),
    )
    op.create_index("ix_audit_entry_account_id", "audit_entry", ["account_id", "at"])
    op.create_index("ix_audit_entry_at", "audit_entry", ["at", "county_id", "seq"])
    op.create_index("ix_audit_entry_case_id", "audit_entry", ["case_id", "at"])
    op.create_index("ix_audit_entry_county_id", "audit_entry", ["county_id", "at"])

    op.create_table(
        "audit_head",
        sa.Column("county_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(33), nullable=False),
        sa.PrimaryKeyConstraint("county_id", name="pk_audit_head"),
    )

    op.create_table(
        "key_mark",
        sa.Column("purpose", sa.String(10), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mark", sa.LargeBinary(32), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", "version", name="pk_key_mark"),
    )

    op.create_table(
        "login_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name_key", sa.LargeBinary(32), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_login_attempt"),
    )
    op.create_index("ix_login_attempt_address_at", "login_attempt", ["address", "at"])
    op.create_index("ix_login_attempt_name_key_at", "login_attempt", ["name_key", "at"])

    op.create_table(
        "organisation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("short_name", sa.String(60), nullable=False),
        sa.Column("level", sa.String(12), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("parent_id", sa.Integer()),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.Column("number_code", sa.String(6)),
        sa.Column("division_code", sa.String(12)),
        sa.Column("division_year", sa.SmallInteger()),
        sa.Column("division_source", sa.String(20)),
        sa.Column("sort", sa.Integer(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("closed_on", sa.Date()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["county_id"],
            ["organisation.id"],
            name="fk_organisation_county_id_organisation",
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["organisation.id"], name="fk_organisation_parent_id_organisation"),
        sa.PrimaryKeyConstraint("id", name="pk_organisation"),
        sa.UniqueConstraint("number_code", name="uq_organisation_number_code"),
    )
    op.create_index("ix_organisation_county_id", "organisation", ["county_id"])
    op.create_index("ix_organisation_division_code", "organisation", ["division_code"])
    op.create_index("ix_organisation_parent_id_sort", "organisation", ["parent_id", "sort"])

    op.create_table(
        "programme_label",
        sa.Column("programme", sa.String(30), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("code", sa.String(30), nullable=False),
        sa.Column("label", sa.String(60), nullable=False),
        sa.Column("sort", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("programme", "kind", "code", name="pk_programme_label"),
    )

    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("username", c_text(40), nullable=False),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("person_id", sa.Integer()),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("password_at", sa.DateTime(), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["county_id"], ["organisation.id"], name="fk_account_county_id_organisation"),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name="fk_account_org_id_organisation"),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("username", name="uq_account_username"),
    )
    op.create_index("ix_account_county_id", "account", ["county_id"])
    op.create_index("ix_account_org_id", "account", ["org_id"])

    op.create_table(
        "case_stat",
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("month", c_text(7), nullable=False),
        sa.Column("measure", c_text(10), nullable=False),
        sa.Column("programme", c_text(30), nullable=False),
        sa.Column("stage", c_text(30), nullable=False),
        sa.Column("outcome", c_text(10), nullable=False),
        sa.Column("risk", c_text(1), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["scope_id"], ["organisation.id"], name="fk_case_stat_scope_id_organisation"),
        sa.PrimaryKeyConstraint(
            "scope_id", "month", "measure", "programme", "stage", "outcome", "risk", name="pk_case_stat"
        ),
        sqlite_with_rowid=False,
    )

    op.create_table(
        "number_counter",
        sa.Column("series", sa.String(40), nullable=False),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["county_id"], ["organisation.id"], name="fk_number_counter_county_id_organisation"),
        sa.PrimaryKeyConstraint("series", "county_id", "year", name="pk_number_counter"),
    )

    op.create_table(
        "org_ancestor",
        sa.Column("ancestor_id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("depth", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["ancestor_id"], ["organisation.id"], name="fk_org_ancestor_ancestor_id_organisation"),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name="fk_org_ancestor_org_id_organisation"),
        sa.PrimaryKeyConstraint("ancestor_id", "org_id", name="pk_org_ancestor"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_org_ancestor_org_id_depth", "org_ancestor", ["org_id", "depth"])

    op.create_table(
        "account_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(20), nullable=False),
        sa.Column("account_id", sa.Integer()),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("decided_by", sa.Integer()),
        sa.Column("decided_at", sa.DateTime()),
        sa.Column("decision", sa.String(10)),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_account_request_account_id_account"),
        sa.ForeignKeyConstraint(["asked_by"], ["account.id"], name="fk_account_request_asked_by_account"),
        sa.ForeignKeyConstraint(["decided_by"], ["account.id"], name="fk_account_request_decided_by_account"),
        sa.PrimaryKeyConstraint("id", name="pk_account_request"),
    )
    op.create_index("ix_account_request_decided_at", "account_request", ["decided_at"])

    op.create_table(
        "old_password",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("replaced_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_old_password_account_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_old_password"),
    )
    op.create_index("ix_old_password_account_id", "old_password", ["account_id"])

    op.create_table(
        "cases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", c_text(40), nullable=False),
        sa.Column("programme", sa.String(30), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("stage", sa.String(30), nullable=False),
        sa.Column("outcome", sa.String(10)),
        sa.Column("risk", sa.String(1)),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.Column("handler_id", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("due_at", sa.DateTime()),
        sa.Column("next_step", sa.String(60)),
        sa.Column("closed_at", sa.DateTime()),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("subject", sa.String(120), nullable=False),
        sa.Column("summary", sa.String(500), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("submission_id", c_text(36), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('open', 'waiting', 'closed', 'void')", name="ck_cases_status"),
        sa.ForeignKeyConstraint(["county_id"], ["organisation.id"], name="fk_cases_county_id_organisation"),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name="fk_cases_created_by_account"),
        sa.ForeignKeyConstraint(["handler_id"], ["account.id"], name="fk_cases_handler_id_account"),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name="fk_cases_org_id_organisation"),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sa.UniqueConstraint("number", name="uq_cases_number"),
        sa.UniqueConstraint("submission_id", name="uq_cases_submission_id"),
    )
    op.create_index("ix_cases_handler_id_opened_at_id", "cases", ["handler_id", "opened_at", "id"])
    op.create_index("ix_cases_org_id", "cases", ["org_id"])

    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("account_id", sa.Integer()),
        sa.Column("county_id", sa.Integer()),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("started_at", sa.DateTime()),
        sa.Column("ended_at", sa.DateTime()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("result", sa.Text()),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_job_account_id_account"),
        sa.ForeignKeyConstraint(["county_id"], ["organisation.id"], name="fk_job_county_id_organisation"),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
    )
    op.create_index("ix_job_state_due_at", "job", ["state", "due_at"])

    op.create_table(
        "opening",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("programme", sa.String(30), nullable=False),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(), nullable=False),
        sa.Column("intake_ends_at", sa.DateTime()),
        sa.Column("ends_at", sa.DateTime()),
        sa.Column("opened_by", sa.Integer()),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("stopped_by", sa.Integer()),
        sa.Column("stop_reason", sa.String(200)),
        sa.Column("ended_by", sa.Integer()),
        sa.Column("end_reason", sa.String(200)),
        sa.ForeignKeyConstraint(["county_id"], ["organisation.id"], name="fk_opening_county_id_organisation"),
        sa.ForeignKeyConstraint(["ended_by"], ["account.id"], name="fk_opening_ended_by_account"),
        sa.ForeignKeyConstraint(["opened_by"], ["account.id"], name="fk_opening_opened_by_account"),
        sa.ForeignKeyConstraint(["stopped_by"], ["account.id"], name="fk_opening_stopped_by_account"),
        sa.PrimaryKeyConstraint("id", name="pk_opening"),
    )
    op.create_index("ix_opening_county_id_programme_starts_at", "opening", ["county_id", "programme", "starts_at"])

    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("sex", sa.String(1), nullable=False),
        sa.Column("birth_date", sa.Date()),
        sa.Column("document_kind", sa.String(10), nullable=False),
        sa.Column("document_number", sa.LargeBinary()),
        sa.Column("document_key", sa.LargeBinary(32)),
        sa.Column("phone", sa.LargeBinary()),
        sa.Column("phone_note", sa.LargeBinary()),
        sa.Column("division_code", sa.String(12)),
        sa.Column("address", sa.LargeBinary()),
        sa.Column("registered_division_code", sa.String(12)),
        sa.Column("registered_address", sa.LargeBinary()),
        sa.Column("ethnicity", sa.String(2)),
        sa.Column("education", sa.String(2)),
        sa.Column("marital", sa.String(2)),
        sa.Column("political", sa.String(2)),
        sa.Column("occupation", sa.String(50)),
        sa.Column("employer", sa.String(80)),
        sa.Column("note", sa.LargeBinary()),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Integer()),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("merged_into", sa.Integer()),
        sa.Column("submission_id", c_text(36)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seal_id", sa.LargeBinary(16), nullable=False),
        sa.ForeignKeyConstraint(["county_id"], ["organisation.id"], name="fk_person_county_id_organisation"),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name="fk_person_created_by_account"),
        sa.ForeignKeyConstraint(["merged_into"], ["person.id"], name="fk_person_merged_into_person"),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name="fk_person_org_id_organisation"),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("submission_id", name="uq_person_submission_id"),
    )
    op.create_index("ix_person_county_id", "person", ["county_id"])
    op.create_index("ix_person_document_key", "person", ["document_key"])
    op.create_index("ix_person_merged_into", "person", ["merged_into"])

    op.create_table(
        "session",
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime()),
        sa.Column("ended_why", sa.String(20)),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("agent", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_session_account_id_account"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_session"),
    )
    op.create_index("ix_session_account_id_ended_at", "session", ["account_id", "ended_at"])

    op.create_table(
        "case_access",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("account_id", sa.Integer()),
        sa.Column("org_id", sa.Integer()),
        sa.Column("role", sa.String(20)),
        sa.Column("programme", sa.String(30)),
        sa.Column("starts_at", sa.DateTime(), nullable=False),
        sa.Column("ends_at", sa.DateTime()),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("granted_by", sa.Integer()),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("case_programme", sa.String(30), nullable=False),
        sa.Column("case_org_id", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime()),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_case_access_account_id_account"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_access_case_id_cases"),
        sa.ForeignKeyConstraint(["case_org_id"], ["organisation.id"], name="fk_case_access_case_org_id_organisation"),
        sa.ForeignKeyConstraint(["county_id"], ["organisation.id"], name="fk_case_access_county_id_organisation"),
        sa.ForeignKeyConstraint(["granted_by"], ["account.id"], name="fk_case_access_granted_by_account"),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name="fk_case_access_org_id_organisation"),
        sa.PrimaryKeyConstraint("id", name="pk_case_access"),
    )
    op.create_index("ix_case_access_account", "case_access", ["account_id", "opened_at", "case_id"])
    op.create_index("ix_case_access_case_id", "case_access", ["case_id"])
    op.create_index(
        "ix_case_access_due",
        "case_access",
        ["org_id", "role", "due_at", "case_id"],
        sqlite_where=sa.text("status IN ('open', 'waiting')"),
        postgresql_where=sa.text("status IN ('open', 'waiting')"),
    )
    op.create_index("ix_case_access_role", "case_access", ["org_id", "role", "opened_at", "case_id"])
    op.create_index("ix_case_access_status", "case_access", ["org_id", "role", "status", "opened_at", "case_id"])

    op.create_table(
        "case_scope",
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("own", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("programme", sa.String(30), nullable=False),
        sa.Column("due_at", sa.DateTime()),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_scope_case_id_cases"),
        sa.ForeignKeyConstraint(["scope_id"], ["organisation.id"], name="fk_case_scope_scope_id_organisation"),
        sa.PrimaryKeyConstraint("scope_id", "own", "opened_at", "case_id", name="pk_case_scope"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_case_scope_case_id", "case_scope", ["case_id"])
    op.create_index(
        "ix_case_scope_due",
        "case_scope",
        ["scope_id", "own", "due_at", "case_id", "status"],
        sqlite_where=sa.text("status IN ('open', 'waiting')"),
        postgresql_where=sa.text("status IN ('open', 'waiting')"),
    )
    op.create_index("ix_case_scope_programme", "case_scope", ["scope_id", "own", "programme", "opened_at", "case_id"])
    op.create_index("ix_case_scope_status", "case_scope", ["scope_id", "own", "status", "opened_at", "case_id"])
    op.create_index(
        "ix_case_scope_status_programme",
        "case_scope",
        ["scope_id", "own", "status", "programme", "opened_at", "case_id"],
    )

    op.create_table(
        "case_token",
        sa.Column("token", c_text(80), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_token_case_id_cases"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_case_token_person_id_person"),
        sa.PrimaryKeyConstraint("token", "opened_at", "case_id", "person_id", name="pk_case_token"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_case_token_case_id", "case_token", ["case_id"])
    op.create_index("ix_case_token_person_id", "case_token", ["person_id"])

    op.create_table(
        "consent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer()),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("basis", sa.String(10), nullable=False),
        sa.Column("notice_version", sa.String(20), nullable=False),
        sa.Column("given_at", sa.DateTime(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime()),
        sa.Column("recorded_by", sa.Integer()),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_consent_case_id_cases"),
        sa.ForeignKeyConstraint(["county_id"], ["organisation.id"], name="fk_consent_county_id_organisation"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_consent_person_id_person"),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.id"], name="fk_consent_recorded_by_account"),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
    )
    op.create_index("ix_consent_case_id", "consent", ["case_id"])
    op.create_index("ix_consent_person_id", "consent", ["person_id"])

    op.create_table(
        "party",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("relation", sa.String(20), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("sort", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_party_case_id_cases"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_party_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_party"),
    )
    op.create_index("ix_party_case_id_sort", "party", ["case_id", "sort"])
    op.create_index("ix_party_person_id", "party", ["person_id"])

    op.create_table(
        "person_merge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kept_id", sa.Integer(), nullable=False),
        sa.Column("merged_id", sa.Integer(), nullable=False),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("moved", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by", sa.Integer()),
        sa.Column("undone_at", sa.DateTime()),
        sa.Column("undone_by", sa.Integer()),
        sa.ForeignKeyConstraint(["by"], ["account.id"], name="fk_person_merge_by_account"),
        sa.ForeignKeyConstraint(["county_id"], ["organisation.id"], name="fk_person_merge_county_id_organisation"),
        sa.ForeignKeyConstraint(["kept_id"], ["person.id"], name="fk_person_merge_kept_id_person"),
        sa.ForeignKeyConstraint(["merged_id"], ["person.id"], name="fk_person_merge_merged_id_person"),
        sa.ForeignKeyConstraint(["undone_by"], ["account.id"], name="fk_person_merge_undone_by_account"),
        sa.PrimaryKeyConstraint("id", name="pk_person_merge"),
    )
    op.create_index("ix_person_merge_kept_id", "person_merge", ["kept_id"])
    op.create_index("ix_person_merge_merged_id", "person_merge", ["merged_id"])

    op.create_table(
        "person_scope",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer()),
        sa.Column("account_id", sa.Integer()),
        sa.Column("own", sa.Integer(), nullable=False),
        sa.Column("programme", sa.String(30)),
        sa.Column("source", sa.String(30), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("(org_id IS NULL) <> (account_id IS NULL)", name="ck_person_scope_one_holder"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_person_scope_account_id_account"),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name="fk_person_scope_org_id_organisation"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_person_scope_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_person_scope"),
    )
    op.create_index(
        "ix_person_scope_account_id_person_id",
        "person_scope",
        ["account_id", "person_id"],
        sqlite_where=sa.text("account_id IS NOT NULL"),
        postgresql_where=sa.text("account_id IS NOT NULL"),
    )
    op.create_index("ix_person_scope_org_id_own_person_id", "person_scope", ["org_id", "own", "person_id"])
    op.create_index(
        "ix_person_scope_person_id_account_id",
        "person_scope",
        ["person_id", "account_id"],
        sqlite_where=sa.text("account_id IS NOT NULL"),
        postgresql_where=sa.text("account_id IS NOT NULL"),
    )
    op.create_index("ix_person_scope_person_id_org_id_own", "person_scope", ["person_id", "org_id", "own"])
    op.create_index("ix_person_scope_programme", "person_scope", ["org_id", "own", "programme", "person_id"])
    op.create_index("ix_person_scope_source_source_id", "person_scope", ["source", "source_id"])

    op.create_table(
        "person_token",
        sa.Column("token", c_text(80), nullable=False),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_person_token_person_id_person"),
        sa.PrimaryKeyConstraint("token", "county_id", "person_id", name="pk_person_token"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_person_token_person_id", "person_token", ["person_id"])

    op.create_table(
        "post",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(20), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date()),
        sa.Column("change", sa.String(10), nullable=False),
        sa.Column("end_change", sa.String(10)),
        sa.Column("recorded_by", sa.Integer()),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["county_id"], ["organisation.id"], name="fk_post_county_id_organisation"),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name="fk_post_org_id_organisation"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_post_person_id_person"),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.id"], name="fk_post_recorded_by_account"),
        sa.PrimaryKeyConstraint("id", name="pk_post"),
    )
    op.create_index("ix_post_org_id_ends_on", "post", ["org_id", "ends_on"])
    op.create_index("ix_post_person_id", "post", ["person_id"])

    op.create_table(
        "task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("timed", sa.Boolean(), nullable=False),
        sa.Column("legal", sa.Boolean(), nullable=False),
        sa.Column("article", sa.String(80), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("done_at", sa.DateTime()),
        sa.Column("done_by", sa.Integer()),
        sa.Column("result", sa.String(10)),
        sa.Column("submission_id", c_text(36)),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_task_account_id_account"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_task_case_id_cases"),
        sa.ForeignKeyConstraint(["county_id"], ["organisation.id"], name="fk_task_county_id_organisation"),
        sa.ForeignKeyConstraint(["done_by"], ["account.id"], name="fk_task_done_by_account"),
        sa.PrimaryKeyConstraint("id", name="pk_task"),
        sa.UniqueConstraint("submission_id", name="uq_task_submission_id"),
    )
    op.create_index("ix_task_account_id_done_at_due_at", "task", ["account_id", "done_at", "due_at"])
    op.create_index("ix_task_case_id_done_at", "task", ["case_id", "done_at"])

    op.create_table(
        "attachment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.Column("party_id", sa.Integer()),
        sa.Column("label", sa.String(60), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("media_type", sa.String(80), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("file", sa.String(80), nullable=False),
        sa.Column("seal_id", sa.LargeBinary(16), nullable=False),
        sa.Column("uploaded_by", sa.Integer(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime()),
        sa.Column("submission_id", c_text(36)),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_attachment_case_id_cases"),
        sa.ForeignKeyConstraint(["county_id"], ["organisation.id"], name="fk_attachment_county_id_organisation"),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_attachment_party_id_party"),
        sa.ForeignKeyConstraint(["uploaded_by"], ["account.id"], name="fk_attachment_uploaded_by_account"),
        sa.PrimaryKeyConstraint("id", name="pk_attachment"),
        sa.UniqueConstraint("file", name="uq_attachment_file"),
        sa.UniqueConstraint("submission_id", name="uq_attachment_submission_id"),
    )
    op.create_index("ix_attachment_case_id", "attachment", ["case_id"])

    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("county_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("text", sa.LargeBinary()),
        sa.Column("party_id", sa.Integer()),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("account_id", sa.Integer()),
        sa.Column("actor_name", sa.String(50), nullable=False),
        sa.Column("status", sa.String(10)),
        sa.Column("stage", sa.String(30)),
        sa.Column("outcome", sa.String(10)),
        sa.Column("risk", sa.String(1)),
        sa.Column("seal_id", sa.LargeBinary(16), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_event_account_id_account"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_event_case_id_cases"),
        sa.ForeignKeyConstraint(["county_id"], ["organisation.id"], name="fk_event_county_id_organisation"),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_event_party_id_party"),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
    )
    op.create_index("ix_event_case_id_at", "event", ["case_id", "at"])

    op.create_table(
        "grants",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("programme", sa.String(30)),
        sa.Column("post_id", sa.Integer()),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date()),
        sa.Column("ended_at", sa.DateTime()),
        sa.Column("granted_by", sa.Integer()),
        sa.Column("granted_at", sa.DateTime(), nullable=False),
        sa.Column("ended_by", sa.Integer()),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_grants_account_id_account"),
        sa.ForeignKeyConstraint(["ended_by"], ["account.id"], name="fk_grants_ended_by_account"),
        sa.ForeignKeyConstraint(["granted_by"], ["account.id"], name="fk_grants_granted_by_account"),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name="fk_grants_org_id_organisation"),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name="fk_grants_post_id_post"),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
    )
    op.create_index("ix_grants_account_id", "grants", ["account_id"])
    op.create_index("ix_grants_org_id_role", "grants", ["org_id", "role"])
    op.create_index("ix_grants_post_id", "grants", ["post_id"])

    # A person names the account that registered her, an account the person who uses it: the second of the two keys.
    with op.batch_alter_table("account") as account:
        account.create_foreign_key("fk_account_person_id_person", "person", ["person_id"], ["id"])

    # Whoever rebuilds audit_entry in a later revision runs these again: on SQLite its triggers go with the old table.
    for statement in GUARD[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    with op.batch_alter_table("account") as account:
        account.drop_constraint("fk_account_person_id_person", type_="foreignkey")
    op.drop_table("grants")
    op.drop_table("event")
    op.drop_table("attachment")
    op.drop_table("task")
    op.drop_table("post")
    op.drop_table("person_token")
    op.drop_table("person_scope")
    op.drop_table("person_merge")
    op.drop_table("party")
    op.drop_table("consent")
    op.drop_table("case_token")
    op.drop_table("case_scope")
    op.drop_table("case_access")
    op.drop_table("session")
    op.drop_table("person")
    op.drop_table("opening")
    op.drop_table("job")
    op.drop_table("cases")
    op.drop_table("old_password")
    op.drop_table("account_request")
    op.drop_table("org_ancestor")
    op.drop_table("number_counter")
    op.drop_table("case_stat")
    op.drop_table("account")
    op.drop_table("programme_label")
    op.drop_table("organisation")
    op.drop_table("login_attempt")
    op.drop_table("key_mark")
    op.drop_table("audit_head")
    op.drop_table("audit_entry")
    for statement in UNGUARD[op.get_bind().dialect.name]:
        op.execute(statement)
