"""Pages of people, by noun; importing the modules puts their routes on the blueprint."""

from fulian.people.views import candidates, consents, edit, lists, merging, person, posts
from fulian.people.views.blueprint import blueprint

__all__ = ["blueprint", "candidates", "consents", "edit", "lists", "merging", "person", "posts"]
