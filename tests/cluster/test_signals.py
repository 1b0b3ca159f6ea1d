"""A stop is heard whatever libraries do to the handlers of signals."""

import os
import signal
import subprocess
import sys

import pytest

from cluster.signals import Stop, kept_handlers

CAUGHT = """
import os, signal, sys
from cluster.preflight import fix_library
from cluster.signals import Stop
stop = Stop()
with stop.listening():
    fix_library()
    os.kill(os.getpid(), signal.SIGINT)
print(stop.reason)
"""


def test_a_signal_is_noted_and_a_second_one_ends_at_once():
    stop = Stop()
    with stop.listening():
        stop.check()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.reason == "SIGTERM"
        with pytest.raises(KeyboardInterrupt):
            stop.check()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_handlers_are_given_back_after_a_library_took_them():
    stop = Stop()
    with stop.listening():
        with kept_handlers():
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        assert signal.getsignal(signal.SIGTERM) is stop
    assert signal.getsignal(signal.SIGTERM) is not stop


def test_loading_quickfix_does_not_take_ctrl_c_away():
    done = subprocess.run([sys.executable, "-c", CAUGHT], capture_output=True, text=True)
    assert done.stdout.strip() == "SIGINT", done.stderr
