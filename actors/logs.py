"""Structured logs: one JSON object a line, with the actor, the run and, where there is one, the order it belongs to."""

from __future__ import annotations

import logging
import logging.handlers
import pathlib
import sys

import structlog

_SIZE = 32 * 1024 * 1024


def configure_logs(level: str, file: pathlib.Path | None = None) -> None:
    """Send the logs of this process to ``file`` (rotated at 32 MiB, four kept), or to standard error.

    Args:
        level: Least severity written: ``debug``, ``info``, ``warning`` or ``error``.
        file: Where to write; its folder is made.
    """
    handler: logging.Handler
    if file is None:
        handler = logging.StreamHandler(sys.stderr)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(file, maxBytes=_SIZE, backupCount=4)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("alphamind")
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(level.upper())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=_AlphaMindLogger,
        cache_logger_on_first_use=False,
    )


def _AlphaMindLogger(*_: object) -> logging.Logger:
    return logging.getLogger("alphamind")
