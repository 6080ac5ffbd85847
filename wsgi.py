"""The WSGI entry point for servers other than `fulian serve`: the whole, security headers and static files too."""

from fulian.app import create_app

app = create_app()
