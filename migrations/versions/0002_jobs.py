"""Jobs: when they were asked for, who has them, how far they are, and errors apart from results."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# What an attempt of an earlier release left as its error: its text may name somebody, so that it is not kept.
FAILED = "程序出错，没有办成。经过写在服务的日志里。"


def upgrade() -> None:
    op.add_column("job", sa.Column("asked_at", sa.DateTime(), nullable=True))
    for column in (
        sa.Column("worker", sa.Integer()),
        sa.Column("progress_text", sa.String(200)),
        sa.Column("position", sa.Text()),
        sa.Column("result_url", sa.String(200)),
        sa.Column("error", sa.String(200)),
    ):
        op.add_column("job", column)
    job = sa.table("job", *(sa.column(name) for name in ("asked_at", "due_at", "state", "result", "error")))
    op.execute(job.update().values(asked_at=job.c.due_at))
    open_error = job.c.result.is_not(None) & (job.c.state != "done")
    op.execute(job.update().where(open_error).values(error=FAILED, result=None))
    # Nobody runs while the schema changes: what was running is left over, and no worker's number says whose it was.
    op.execute(job.update().where(job.c.state == "running").values(state="waiting"))
    with op.batch_alter_table("job") as table:
        table.alter_column("asked_at", existing_type=sa.DateTime(), nullable=False)
    op.create_index("ix_job_asked_at", "job", ["asked_at", "id"])
    op.create_index("ix_job_account_id_asked_at", "job", ["account_id", "asked_at"])


def downgrade() -> None:
    op.drop_index("ix_job_account_id_asked_at", "job")
    op.drop_index("ix_job_asked_at", "job")
    job = sa.table("job", *(sa.column(name) for name in ("state", "result", "error")))
    op.execute(job.update().where(job.c.state == "failed").values(result=sa.func.coalesce(job.c.result, job.c.error)))
    # A program of the earlier revision knows no cancelled jobs.
    op.execute(job.delete().where(job.c.state == "cancelled"))
    with op.batch_alter_table("job") as table:
        for column in ("error", "result_url", "position", "progress_text", "worker", "asked_at"):
            table.drop_column(column)
