"""Rules of people: registering, correcting, links, posts, consents, showing, merging."""

from fulian.people.data import PersonData, read_person
from fulian.people.service.consents import record_consent, withdraw_consent
from fulian.people.service.edit import edit_person
from fulian.people.service.links import link_people, link_person, move_people, require_visible, unlink_person
from fulian.people.service.merging import merge_people, repoint_with, undo_merge
from fulian.people.service.posts import end_post, hold_post
from fulian.people.service.register import (
    AlreadyRegistered,
    Known,
    announce_known,
    check_new,
    claim_person,
    find_known,
    known_holder,
    register_person,
    store_person,
)
from fulian.people.service.reveal import reveal

__all__ = [
    "AlreadyRegistered",
    "Known",
    "PersonData",
    "announce_known",
    "check_new",
    "claim_person",
    "edit_person",
    "end_post",
    "find_known",
    "hold_post",
    "known_holder",
    "link_people",
    "link_person",
    "merge_people",
    "move_people",
    "read_person",
    "record_consent",
    "register_person",
    "repoint_with",
    "require_visible",
    "reveal",
    "store_person",
    "undo_merge",
    "unlink_person",
    "withdraw_consent",
]
