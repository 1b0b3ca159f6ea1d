import pytest


@pytest.fixture
def path(run_directory):
    """Return where the tests' server listens."""
    return run_directory / "sockets" / "market-0.sock"
