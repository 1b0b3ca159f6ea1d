"""Which configurations a run may be continued with."""

import pytest

from actors.errors import Conflict
from cluster.continuation import continued
from configs import load, render


def continue_with(directory, before, after):
    (directory / "configuration.yaml").write_text(render(load(overrides=before, environment={})))
    continued(directory, load(overrides=after, environment={}))


@pytest.mark.parametrize(
    "changed",
    [
        "feed.speed=max",
        "network.port=8001",
        "oms.shards=2",
        "venue.participation=0.5",
        "logging.level=debug",
        "accounts=[{id: main}, {id: new}]",
    ],
)
def test_what_the_journals_do_not_rest_on_may_change(tmp_path, changed):
    continue_with(tmp_path, [], [changed])


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ("feed.data=/other.csv", "feed.data"),
        ("feed.simulated.seed=8", "feed.simulated.seed"),
        ("instruments.currency=EUR", "instruments.currency"),
        ("market.shards=2", "market.shards"),
        ("market.quality.maximum_jump=0.1", "market.quality.maximum_jump"),
        ("oms.partitions=8", "oms.partitions"),
        ("strategies=[]", "strategies"),
        ("accounts=[{id: main, cash: 5}]", "accounts: main.cash"),
    ],
)
def test_what_the_journals_rest_on_may_not_change(tmp_path, changed, field):
    with pytest.raises(Conflict) as refused:
        continue_with(tmp_path, [], [changed])
    assert (refused.value.code, refused.value.field) == ("RUN_CHANGED", field)
    assert "as when the run began" in refused.value.rule and "new run" in refused.value.remedy


def test_an_account_of_the_run_may_not_go(tmp_path):
    with pytest.raises(Conflict, match="accounts: second"):
        continue_with(tmp_path, ["accounts=[{id: main}, {id: second}]"], [])


def test_the_period_that_a_run_has_chosen_is_kept_unless_another_is_asked_for(tmp_path):
    (tmp_path / "configuration.yaml").write_text(
        render(load(overrides=["forecaster.period_minutes=5"], environment={}))
    )
    assert continued(tmp_path, load(environment={})).forecaster.period_minutes == 5
    with pytest.raises(Conflict, match="forecaster.period_minutes"):
        continued(tmp_path, load(overrides=["forecaster.period_minutes=1"], environment={}))
