"""Everything a plugin may import (with `fulian.testing`): re-exports only, kept compatible from version to version.

A plugin's module names its Plugin and answers the hooks; `Programme` is the whole programme on one screen. Its rules
get the case and the form's values, raise or return `Refused`, take `by.now` as their only clock, and flush at most: the
core commits. Rows that carry an organisation are read through `in_scope`, cases through `sees`. See
docs/plugin-guide.md.
"""

from fulian.accounts.enforcement import current_actor
from fulian.audit.actor import Actor, Held, Viewer
from fulian.audit.log import record
from fulian.calendar import (
    SHANGHAI,
    Term,
    add_days,
    add_months,
    add_working_days,
    end_of_day,
    legal_deadline,
    local_date,
    month_of,
    next_working_day,
    start_of_day,
)
from fulian.cases.models import Case, Party, Task
from fulian.cases.numbers import next_number
from fulian.cases.queries.case import PartyView, case_parties, open_tasks
from fulian.cases.scope import sees
from fulian.codes.sets import label as code_label
from fulian.db import Base, CText, UtcDateTime, db
from fulian.errors import Forbidden, NotFound, Refused
from fulian.hooks import PersonLike, hookimpl
from fulian.orgs.queries import OrgRef, ancestors, county_units, find_org
from fulian.orgs.scope import in_scope
from fulian.people.paper import PersonFacts, person_facts
from fulian.people.service import link_person, record_consent, unlink_person
from fulian.programmes.demo import Demo, DemoCase, DemoPerson, PastStep, PastTask, Story, ToldCase
from fulian.programmes.programme import (
    Assessment,
    CaseLike,
    Closing,
    Data,
    Document,
    Intake,
    Job,
    NavigationItem,
    Outcome,
    PartyRole,
    Period,
    PlannedTask,
    Plugin,
    Programme,
    Reassessment,
    RecordedEvent,
    RecordSection,
    Setting,
    Stage,
    Statistic,
    Transition,
)
from fulian.programmes.queries import setting
from fulian.programmes.service import require_open
from fulian.sealing.columns import Sealed, blind_index
from fulian.web.access import form_checks_csrf, no_login, public, requires
from fulian.web.forms import BaseForm, Filled, MomentField, PartForm, refuse

__all__ = [
    "SHANGHAI",
    "Actor",
    "Assessment",
    "Base",
    "BaseForm",
    "CText",
    "Case",
    "CaseLike",
    "Closing",
    "Data",
    "Demo",
    "DemoCase",
    "DemoPerson",
    "Document",
    "Filled",
    "Forbidden",
    "Held",
    "Intake",
    "Job",
    "MomentField",
    "NavigationItem",
    "NotFound",
    "OrgRef",
    "Outcome",
    "PartForm",
    "Party",
    "PartyRole",
    "PartyView",
    "PastStep",
    "PastTask",
    "Period",
    "PersonFacts",
    "PersonLike",
    "PlannedTask",
    "Plugin",
    "Programme",
    "Reassessment",
    "RecordSection",
    "RecordedEvent",
    "Refused",
    "Sealed",
    "Setting",
    "Stage",
    "Statistic",
    "Story",
    "Task",
    "Term",
    "ToldCase",
    "Transition",
    "UtcDateTime",
    "Viewer",
    "add_days",
    "add_months",
    "add_working_days",
    "ancestors",
    "blind_index",
    "case_parties",
    "code_label",
    "county_units",
    "current_actor",
    "db",
    "end_of_day",
    "find_org",
    "form_checks_csrf",
    "hookimpl",
    "in_scope",
    "legal_deadline",
    "link_person",
    "local_date",
    "month_of",
    "next_number",
    "next_working_day",
    "no_login",
    "open_tasks",
    "person_facts",
    "public",
    "record",
    "record_consent",
    "refuse",
    "require_open",
    "requires",
    "sees",
    "setting",
    "start_of_day",
    "unlink_person",
]
