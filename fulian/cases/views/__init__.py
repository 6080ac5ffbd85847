"""Pages of cases, by noun; importing the modules puts their routes on the blueprint."""

from fulian.cases.views import acts, case, files, handover, lists, opening, reopening, sharing, urgent, workbench
from fulian.cases.views.blueprint import blueprint

__all__ = [
    "acts",
    "blueprint",
    "case",
    "files",
    "handover",
    "lists",
    "opening",
    "reopening",
    "sharing",
    "urgent",
    "workbench",
]
