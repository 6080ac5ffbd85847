"""Rules that change cases, by noun; the names here are what other rooms call."""

from fulian.cases.service.access import break_glass, lift_restriction, restrict_case
from fulian.cases.service.editing import edit_case
from fulian.cases.service.handing_over import assign_handler, end_post_and_hand_over, hand_over, pass_on
from fulian.cases.service.held import Repeated
from fulian.cases.service.moving import move_organisation
from fulian.cases.service.notes import add_note
from fulian.cases.service.opening import NewParty, OpenCase, Opened, open_case
from fulian.cases.service.progress import advance_case, close_case
from fulian.cases.service.reopening import reopen_case, restore_case, void_case
from fulian.cases.service.sharing import accept_referral, ask_referral, end_referral, refuse_referral
from fulian.cases.service.switching import close_programme
from fulian.cases.service.tasks import add_task, finish_task

__all__ = [
    "NewParty",
    "OpenCase",
    "Opened",
    "Repeated",
    "accept_referral",
    "add_note",
    "add_task",
    "advance_case",
    "ask_referral",
    "assign_handler",
    "break_glass",
    "close_case",
    "close_programme",
    "edit_case",
    "end_post_and_hand_over",
    "end_referral",
    "finish_task",
    "hand_over",
    "lift_restriction",
    "move_organisation",
    "open_case",
    "pass_on",
    "refuse_referral",
    "reopen_case",
    "restore_case",
    "restrict_case",
    "void_case",
]
