"""Files and documents of a case: kept, given back as downloads, printed."""

from __future__ import annotations

from flask import Response, abort, redirect, url_for

from fulian.audit.actor import Actor
from fulian.audit.log import record_read
from fulian.cases.forms import FileForm, ReasonForm, choices_of, new_submission
from fulian.cases.models import Case
from fulian.cases.queries.case import case_parties
from fulian.cases.service.files import LARGEST_FILE, attach_file, find_file, read_file, withdraw_file
from fulian.cases.service.held import programme_of
from fulian.cases.views.blueprint import Answer, blueprint, page_or_422, save, shown_case
from fulian.db import transact
from fulian.documents.files import CONTENT_TYPES, content_disposition, safe_file_name
from fulian.documents.render import render_docx, render_pdf, template_file
from fulian.programmes.programme import Document
from fulian.web.access import form_checks_csrf, requires


@blueprint.route("/cases/<int:case_id>/files/new", methods=["GET", "POST"])
@requires("attachments.add", "case")
@form_checks_csrf
def new_file(case_id: int) -> Answer:
    """Keep a photograph or a file with the case."""
    case, by = shown_case(case_id)
    form = FileForm(data={"submission_id": new_submission()})
    parties = case_parties(case.id)
    form.party.choices = choices_of([(party.id, party.name) for party in parties], "整件案件")
    if form.validate_on_submit() and _keep(case, form, by):
        return redirect(url_for("cases.show", case_id=case.id))
    return page_or_422(form, "cases/file.html", case=case)


def _keep(case: Case, form: FileForm, by: Actor) -> bool:
    upload = form.file.data
    content = upload.stream.read(LARGEST_FILE + 1)
    party_id = int(form.party.data) if form.party.data else None
    return save(
        form,
        attach_file,
        case.id,
        upload.filename or "",
        content,
        form.label.data,
        party_id,
        form.submission_id.data,
        by,
    )


@blueprint.get("/cases/<int:case_id>/files/<int:file_id>")
@requires("attachments.view", "case")
def file(case_id: int, file_id: int) -> Answer:
    """Give a file back as a download; the reading is in the log before the first byte leaves."""
    case, by = shown_case(case_id)
    found = find_file(case.id, file_id)
    content, name, media_type = read_file(found), found.name, found.media_type
    transact(record_read, by, "attachment.read", "attachment", found.id, county_id=found.county_id, case_id=case.id)
    return _download(content, name, media_type)


@blueprint.route("/cases/<int:case_id>/files/<int:file_id>/withdraw", methods=["GET", "POST"])
@requires("attachments.add", "case")
@form_checks_csrf
def withdraw(case_id: int, file_id: int) -> Answer:
    """Take a file out of the dossier, with the reason."""
    case, by = shown_case(case_id)
    found = find_file(case.id, file_id)
    form = ReasonForm()
    if form.validate_on_submit() and save(form, withdraw_file, case.id, found.id, form.reason.data, by):
        return redirect(url_for("cases.show", case_id=case.id))
    return page_or_422(form, "cases/withdraw.html", case=case, file=found)


@blueprint.get("/cases/<int:case_id>/documents/<code>.<kind>")
@requires("documents.print", "case")
def document(case_id: int, code: str, kind: str) -> Answer:
    """Make a document of the programme from the case, .docx or .pdf, and give it as a download."""
    case, by = shown_case(case_id)
    programme = programme_of(case)
    found = next((known for known in programme.documents if known.code == code), None)
    if found is None or kind not in CONTENT_TYPES:
        abort(404)
    content = _render(programme.package, found, kind, case, by)
    transact(
        record_read,
        by,
        f"document.{kind}",
        "cases",
        case.id,
        county_id=case.county_id,
        case_id=case.id,
        after={"document": found.label},
    )
    return _download(content, safe_file_name(f"{found.label} {case.number}", kind), CONTENT_TYPES[kind])


def _render(package: str, found: Document, kind: str, case: Case, by: Actor) -> bytes:
    context = dict(found.context(case, by))
    if kind == "docx":
        return render_docx(template_file(package, f"{found.template}.docx"), context)
    return render_pdf(template_file(package, f"{found.template}.typ"), context)


def _download(content: bytes, name: str, media_type: str) -> Response:
    reply = Response(content, mimetype=media_type)
    reply.headers["Content-Disposition"] = content_disposition(name)
    reply.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return reply
