"""Log lines for machines: JSON on standard output, without personal data.

A line holds the fields named in `FIELDS` and no other. Of an error it tells the types and the places in the source,
never the message: a database quotes the row it refused.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import structlog
from structlog.stdlib import ProcessorFormatter

FIELDS = frozenset(
    {
        "at",
        "level",
        "logger",
        "event",
        "request_id",
        "endpoint",
        "method",
        "status",
        "ms",
        "account",
        "error",
        "where",
    }
)
OURS = "fulian."  # below it a message is a constant with codes and ids of rows
SERVER = "_granian"  # tells of its processes, in texts of its own
LEFT_OUT = "(text left out)"
INNERMOST = 8  # places of an error that are told

Event = MutableMapping[str, Any]

# Lines go through the standard library's loggers: nothing is written, at little cost, until `write_logs` was called.
structlog.configure(
    processors=[structlog.stdlib.filter_by_level, ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)


def write_logs() -> None:
    """Write all that is logged in this process to standard output: requests, and what goes wrong."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[_guarded_text],
            use_get_message=False,
            pass_foreign_args=True,
            processors=[_tell_error, _tell_origin, _only_fields, structlog.processors.JSONRenderer(ensure_ascii=False)],
        )
    )
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).handlers.clear()  # the server's own, which write plain text
        logging.getLogger(name).propagate = True
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.WARNING)
    logging.getLogger("fulian").setLevel(logging.INFO)
    logging.captureWarnings(True)


def _guarded_text(_logger: object, _name: str, event: Event) -> Event:
    """Our own line whole; of another library's only the pattern, since its arguments may be a statement or a value, and
    of a text that comes put together nothing."""
    name, arguments = event["_record"].name, event["positional_args"]
    if name.startswith(OURS):
        event["event"] = event["event"] % arguments if arguments else event["event"]
    elif not arguments and not name.startswith(SERVER):
        event["event"] = LEFT_OUT
    return event


def _tell_error(_logger: object, _name: str, event: Event) -> Event:
    found = event.pop("exc_info", None)
    error = found[1] if isinstance(found, tuple) else None
    if error is not None:
        event["error"] = " <- ".join(type(link).__qualname__ for link in _chain(error))
        event["where"] = _places(error.__traceback__)
    return event


def _chain(error: BaseException) -> list[BaseException]:
    """The error and what it came from, the nearest first."""
    links = [error]
    while (before := links[-1].__cause__ or links[-1].__context__) is not None and before not in links:
        links.append(before)
    return links


def _places(found: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(found)[-INNERMOST:]
    return [f"{frame.filename.rpartition('site-packages/')[2]}:{frame.lineno} {frame.name}" for frame in frames]


def _tell_origin(_logger: object, _name: str, event: Event) -> Event:
    record: logging.LogRecord = event["_record"]
    event["at"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    event["level"], event["logger"] = record.levelname.lower(), record.name
    return event


def _only_fields(_logger: object, _name: str, event: Event) -> Event:
    return {name: value for name, value in event.items() if name in FIELDS}
