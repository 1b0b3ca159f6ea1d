from __future__ import annotations

from actors.messages import LimitsEvent, StateEvent, TradingState
from actors.risk.controls import CONFIGURATION, Controls, LimitsChange, StateChange
from tests.actors.portfolio.samples import cash_event

LIMITS = LimitsChange({"allow_short": 0}, "p", "r")
HALT = StateChange("firm", TradingState.HALTED, "p", "r")


def test_a_change_is_outstanding_until_every_partition_confirms_it() -> None:
    controls = Controls()
    controls.set_limits(LIMITS)
    assert controls.outstanding([0, 1]) == [LIMITS]
    for partition in (0, 1):
        controls.take(
            LimitsEvent(
                partition=partition, sequence=1, time=1, version=1, limits=LIMITS.limits, principal="p", reason="r"
            )
        )
    assert controls.outstanding([0, 1]) == []
    assert controls.outstanding([0, 2]) == [LIMITS]
    assert controls.version == 1


def test_states_come_before_limits() -> None:
    controls = Controls()
    controls.set_limits(LIMITS)
    controls.set_state(HALT)
    assert controls.outstanding([0]) == [HALT, LIMITS]
    controls.confirm([0], HALT)
    controls.confirm([0], LIMITS)
    assert controls.outstanding([0]) == []


def test_a_scope_that_was_never_touched_counts_as_active() -> None:
    controls = Controls()
    active = StateChange("account:main", TradingState.ACTIVE, "p", "r")
    controls.set_state(active)
    controls.confirm([0], LimitsChange({}, "", ""))
    assert controls.outstanding([0]) == []
    controls.take(
        StateEvent(
            partition=0,
            sequence=1,
            time=1,
            scope="account:main",
            state=TradingState.HALTED,
            principal="p",
            reason="r",
        )
    )
    controls.take(cash_event(2, 1))
    assert controls.outstanding([0]) == [active]


def test_the_configuration_sets_what_it_changed_itself_and_leaves_the_rest() -> None:
    controls = Controls()

    def configure(**limits: int) -> LimitsChange | None:
        change = controls.configuration_change(limits)
        if change is not None:
            controls.set_limits(change)
        return change

    first = configure(notional=10, collar=1, allow_short=0)
    assert first is not None and first.principal == CONFIGURATION
    assert configure(notional=10, collar=1, allow_short=0) is None
    controls.set_limits(LimitsChange({"notional": 10, "collar": 7, "allow_short": 1}, "chief", "drill"))
    assert configure(notional=10, collar=1, allow_short=0) is None
    later = configure(notional=20, collar=1, allow_short=1)
    assert later is not None and later.limits == {"notional": 20, "collar": 7, "allow_short": 1}
    assert "another configuration" in later.reason
    controls.set_limits(LimitsChange({"notional": 20, "collar": 7, "allow_short": 0}, "chief", "drill"))
    assert configure(notional=20, collar=1, allow_short=1) is None, "what the configuration set before is not set again"


def test_the_first_change_of_an_older_journal_counts_as_the_configurations() -> None:
    controls = Controls()
    controls.set_limits(LIMITS)
    assert controls.configuration_change({"allow_short": 0}) is None
    assert controls.configuration_change({"allow_short": 1}) is not None
