"""水城家和: mediation of family disputes, the whole programme on one screen."""

from __future__ import annotations

from fulian.api import Closing, Intake, NavigationItem, Outcome, PartyRole, Programme, Setting, Stage, Transition
from fulian_mediation import codes, forms
from fulian_mediation.demo import DEMO
from fulian_mediation.documents import COMMITTEE_PATTERN, DOCUMENTS
from fulian_mediation.models import MediationDetail
from fulian_mediation.panel import case_panel
from fulian_mediation.service import (
    agreements,
    closing,
    deadline,
    follow_up,
    intake,
    raising,
    safety,
    screening,
    sessions,
    willingness,
)
from fulian_mediation.service.willingness import CONCLUDE
from fulian_mediation.statistics import STATISTICS, SUCCESS_BASE
from fulian_mediation.views import blueprint

ACCEPTED, MEDIATION, AGREEMENT, FOLLOW_UP = intake.FIRST_STAGE, "mediation", "agreement", "follow_up"
EVERYWHERE = (ACCEPTED, MEDIATION, AGREEMENT, FOLLOW_UP)

STAGES = (
    Stage(ACCEPTED, "受理告知"),
    Stage(MEDIATION, "调解"),
    Stage(AGREEMENT, "协议"),
    Stage(FOLLOW_UP, "履行回访"),
)

# The first one that starts at a stage is its next step.
TRANSITIONS = (
    Transition(
        "record_session",
        "登记调解",
        (ACCEPTED, MEDIATION),
        MEDIATION,
        forms.SessionForm,
        guard=sessions.guard_session,
        apply=sessions.record_session,
        tasks=sessions.tasks_after_session,
        completes=(CONCLUDE, "write_agreement"),
        text=sessions.session_line,
        title=sessions.session_title,
    ),
    Transition(
        "record_willingness",
        "登记意愿",
        (ACCEPTED, MEDIATION, AGREEMENT),
        None,
        forms.WillingnessForm,
        guard=willingness.guard_willingness,
        apply=willingness.record_willingness,
        tasks=willingness.tasks_after_willingness,
        completes=(CONCLUDE,),
        text=willingness.willingness_line,
    ),
    Transition(
        "write_agreement",
        "写协议书",
        (MEDIATION,),
        AGREEMENT,
        forms.AgreementForm,
        guard=agreements.guard_agreement,
        apply=agreements.write_agreement,
        tasks=agreements.tasks_after_writing,
        completes=("record_session", CONCLUDE),
        text=agreements.agreement_line,
    ),
    Transition(
        "record_oral_agreement",
        "登记口头协议",
        (MEDIATION,),
        FOLLOW_UP,
        forms.OralAgreementForm,
        guard=agreements.guard_agreement,
        apply=agreements.record_oral_agreement,
        tasks=agreements.tasks_in_effect,
        completes=("record_session", "write_agreement", deadline.DEADLINE, CONCLUDE),
        text=agreements.agreement_line,
    ),
    Transition(
        "sign_agreement",
        "登记签字盖章",
        (AGREEMENT,),
        FOLLOW_UP,
        forms.SigningForm,
        guard=agreements.guard_signing,
        apply=agreements.sign_agreement,
        tasks=agreements.tasks_in_effect,
        completes=(deadline.DEADLINE,),
        text=agreements.signing_line,
    ),
    Transition(
        "add_clause",
        "加一条协议",
        (AGREEMENT,),
        None,
        forms.OneClauseForm,
        guard=agreements.guard_unsigned,
        apply=agreements.add_clause,
        text=agreements.clause_line,
    ),
    Transition(
        "change_clause",
        "改一条协议",
        (AGREEMENT,),
        None,
        forms.ChangeClauseForm,
        guard=agreements.guard_unsigned,
        apply=agreements.change_clause,
        text=agreements.clause_line,
    ),
    Transition(
        "discard_agreement",
        "没有签成，再调解",
        (AGREEMENT,),
        MEDIATION,
        forms.ReasonForm,
        apply=agreements.discard_agreement,
        tasks=agreements.tasks_after_discarding,
        completes=("sign_agreement",),
    ),
    Transition(
        "record_follow_up",
        "登记回访",
        (FOLLOW_UP,),
        None,
        forms.FollowUpForm,
        guard=follow_up.guard_follow_up,
        apply=follow_up.record_follow_up,
        tasks=follow_up.tasks_after_follow_up,
        text=follow_up.follow_up_line,
    ),
    Transition(
        "plan_follow_up",
        "约定回访",
        (FOLLOW_UP,),
        None,
        forms.PlanForm,
        guard=follow_up.guard_plan,
        tasks=follow_up.planned_visit,
        text=follow_up.plan_line,
    ),
    Transition(
        "extend_deadline",
        "双方同意延期",
        (ACCEPTED, MEDIATION, AGREEMENT),
        None,
        forms.ExtensionForm,
        guard=deadline.guard_extension,
        apply=deadline.extend_deadline,
        tasks=deadline.tasks_after_extension,
        completes=(deadline.DEADLINE,),
        text=deadline.extension_line,
    ),
    Transition(
        "report_police",
        "报告公安",
        EVERYWHERE,
        None,
        forms.PoliceForm,
        guard=safety.guard_report,
        apply=safety.report_police,
        tasks=safety.tasks_after_report,
        completes=("record_session", "record_willingness"),
        text=safety.report_line,
    ),
)

OUTCOMES = (
    Outcome(codes.WRITTEN_AGREEMENT, "调解成功（书面）", good=True),
    Outcome(codes.ORAL_AGREEMENT, "调解成功（口头）", good=True),
    Outcome(codes.PARTIAL, "部分达成"),
    Outcome(codes.NOT_REACHED, "调解不成"),
    Outcome(codes.REFUSED_OR_WITHDRAWN, "当事人拒绝、撤回"),
    Outcome(codes.TO_POLICE, "终止，转公安"),
    Outcome(codes.TO_COURT, "终止，转法院、仲裁"),
    Outcome(codes.TO_OTHERS, "终止，转其他单位"),
    Outcome(codes.NOT_OURS, "不属受理范围", counts=False),
    Outcome(codes.OTHER, "其他"),
)

SETTINGS = (
    Setting("days_to_conclude", "受理后多少天办结", deadline.DAYS_TO_CONCLUDE),
    Setting("contact_days", "几天内联系对方", willingness.CONTACT_DAYS),
    Setting("session_days", "几天内安排调解", willingness.SESSION_DAYS),
    Setting("follow_up_days", "协议生效后第几天回访", follow_up.FOLLOW_UP_DAYS),
    Setting("risk_scores", "安全筛查的分值和分级", screening.DEFAULT_SCORES),
    Setting("file_number_pattern", "卷号、协议编号的样式", intake.FILE_NUMBER_PATTERN),
    Setting("committee_name", "调解委员会名称的样式", COMMITTEE_PATTERN),
    Setting("success_base", "调解成功率的分母（受理 accepted 或办结 closed）", SUCCESS_BASE),
)

OWN_PAGES = ("caseworker", "programme_lead", "township_admin", "county_admin", "city_admin")

PROGRAMME = Programme(
    code=codes.CODE,
    name="水城家和",
    summary="婚姻家庭纠纷调解",
    number_word="调",
    package="fulian_mediation",
    blueprint=blueprint,
    detail=MediationDetail,
    intake=Intake(
        form=forms.IntakeForm,
        roles=(
            PartyRole(codes.APPLICANT, "申请人", mark="甲"),
            PartyRole(codes.RESPONDENT, "对方", mark="乙", relations=codes.RELATIONS),
        ),
        assess=intake.assess_intake,
        create=intake.create_detail,
        tasks=intake.first_tasks,
    ),
    stages=STAGES,
    transitions=TRANSITIONS,
    outcomes=OUTCOMES,
    closing=Closing(form=forms.ClosingForm, guard=closing.guard_closing, apply=closing.close_mediation),
    settings=SETTINGS,
    sources=codes.SOURCES,
    permissions={"mediation.view": OWN_PAGES},
    navigation=(NavigationItem("水城家和", ".index", "mediation.view"),),
    statistics=STATISTICS,
    documents=DOCUMENTS,
    case_panel=case_panel,
    demo=DEMO,
    reassess=raising.reassess_case,
    risk_hint=raising.HINT,
)
