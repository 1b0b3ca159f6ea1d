"""What the whole suite shares: Ray's environment, which has to be set before anything imports ray."""

import pathlib
import shutil
import tempfile

import hypothesis
import pytest
import structlog

from cluster.environment import prepare_environment
from cluster.run_directory import private_token

_FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="am-"))
prepare_environment(private_token(_FOLDER / "ray.token"), loopback=True)
hypothesis.settings.register_profile("no deadline", deadline=None)  # how long a machine takes is no property
hypothesis.settings.load_profile("no deadline")


def pytest_unconfigure():
    shutil.rmtree(_FOLDER, ignore_errors=True)


@pytest.fixture
def run_directory():
    """Return a folder for one run with a path short enough for its sockets."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="am-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def logs_as_they_were():
    """A test that sets this process's logs up, as a command does, sets them up for itself alone."""
    yield
    structlog.reset_defaults()
