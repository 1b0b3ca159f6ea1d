"""How ``alphamind up`` hears that it is to end, whatever the libraries that it loads do to the handlers of signals."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

HEARD = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Whether somebody asked to stop: Ctrl-C, a termination signal."""

    def __init__(self) -> None:
        self.reason: str | None = None

    def __call__(self, number: int, _: FrameType | None) -> None:
        """Note the signal; a second one ends at once."""
        if self.reason is not None:
            raise KeyboardInterrupt
        self.reason = signal.Signals(number).name

    def check(self) -> None:
        """Leave a start that is under way where somebody asked to stop.

        Raises:
            KeyboardInterrupt: Somebody did.
        """
        if self.reason is not None:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM while the block runs."""
        before = {number: signal.signal(number, self) for number in HEARD}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextlib.contextmanager
def kept_handlers() -> Iterator[None]:
    """Give SIGINT and SIGTERM the handlers that they had before the block, which takes them away.

    Ray takes SIGTERM for itself when it starts, and loading quickfix sets SIGINT to its default behind Python's back:
    ``signal.getsignal`` still names the old handler, but Ctrl-C kills the process where it stands.
    """
    before = {number: signal.getsignal(number) for number in HEARD}
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # not the main thread: its handlers are not ours to set
            for number, handler in before.items():
                signal.signal(number, handler)
