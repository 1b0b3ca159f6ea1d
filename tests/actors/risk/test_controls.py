from __future__ import annotations

import pytest

from actors.messages import LimitsEvent, StateEvent, TradingState
from actors.risk.controls import CONFIGURATION, Controls, LimitsChange, StateChange
from tests.actors.portfolio.samples import cash_event

LIMITS = LimitsChange({"allow_short": 0}, "p", "r")
ACTIVE, REDUCE_ONLY, HALTED = TradingState.ACTIVE, TradingState.REDUCE_ONLY, TradingState.HALTED
HALT = StateChange("firm", HALTED, "p", "r")


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


def state_event(state: TradingState, scope: str = "account:main", partition: int = 0) -> StateEvent:
    return StateEvent(partition=partition, sequence=1, time=1, scope=scope, state=state, principal="p", reason="r")


@pytest.mark.parametrize(
    ("decided", "there", "outstanding"),
    [
        (ACTIVE, None, False),
        (ACTIVE, HALTED, False),
        (REDUCE_ONLY, None, True),
        (REDUCE_ONLY, ACTIVE, True),
        (REDUCE_ONLY, REDUCE_ONLY, False),
        (REDUCE_ONLY, HALTED, False),
        (HALTED, REDUCE_ONLY, True),
    ],
)
def test_a_stricter_state_is_outstanding_and_trading_is_never_resumed_by_itself(
    decided: TradingState, there: TradingState | None, outstanding: bool
) -> None:
    controls = Controls()
    change = StateChange("account:main", decided, "p", "r")
    controls.set_state(change)
    if there is not None:
        controls.take(state_event(there))
    controls.take(cash_event(2, 1))
    assert controls.outstanding([0]) == ([change] if outstanding else [])
    stricter = there in (HALTED, REDUCE_ONLY) and there is not decided and not outstanding
    assert controls.stricter([0]) == ({"account:main": {0: str(there)}} if stricter else {})


def test_a_halt_that_nobody_decided_here_is_shown() -> None:
    controls = Controls()
    controls.take(state_event(HALTED, "firm", 3))
    assert controls.outstanding([3]) == []
    assert controls.stricter([1, 3]) == {"firm": {3: "halted"}}


def test_limits_of_every_scope_are_outstanding_by_themselves() -> None:
    controls = Controls()
    narrow = LimitsChange({"restricted": 1}, "p", "r", None, "instrument:AAA")
    for change in (LIMITS, narrow):
        controls.set_limits(change)
    assert controls.outstanding([0]) == [LIMITS, narrow]
    controls.confirm([0], LIMITS)
    assert controls.outstanding([0]) == [narrow]
    controls.take(
        LimitsEvent(
            partition=0, sequence=1, time=1, version=2, limits={"restricted": 1}, principal="p", reason="r",
            scope="instrument:AAA",
        )
    )  # fmt: skip
    assert controls.outstanding([0]) == []
    empty = LimitsChange({}, "p", "r", None, "instrument:AAA")
    controls.set_limits(empty)
    assert controls.outstanding([0]) == [empty] and controls.outstanding([5]) == [LIMITS]
    assert controls.tree.mapping() == {"firm": {"allow_short": 0}}


def test_the_configuration_sets_what_it_changed_itself_and_leaves_the_rest() -> None:
    controls = Controls()

    def configure(**limits: int) -> LimitsChange | None:
        changes = controls.configuration_changes({"firm": limits})
        for change in changes:
            controls.set_limits(change)
        return changes[0] if changes else None

    first = configure(maximum_order_notional=10, price_collar=1, allow_short=0)
    assert first is not None and first.principal == CONFIGURATION
    assert configure(maximum_order_notional=10, price_collar=1, allow_short=0) is None
    by_hand = {"maximum_order_notional": 10, "price_collar": 7, "allow_short": 1}
    controls.set_limits(LimitsChange(by_hand, "chief", "drill"))
    assert configure(maximum_order_notional=10, price_collar=1, allow_short=0) is None
    later = configure(maximum_order_notional=20, price_collar=1, allow_short=1)
    assert later is not None
    assert later.limits == {"maximum_order_notional": 20, "price_collar": 7, "allow_short": 1}
    assert "another configuration" in later.reason
    controls.set_limits(LimitsChange({**by_hand, "allow_short": 0}, "chief", "drill"))
    same = configure(maximum_order_notional=20, price_collar=1, allow_short=1)
    assert same is None, "what the configuration set before is not set again"


def test_a_scope_that_left_the_configuration_loses_what_the_configuration_gave_it() -> None:
    controls = Controls()
    firm = {"allow_short": 1}
    for change in controls.configuration_changes({"firm": firm, "account:a": {"allow_short": 0, "restricted": 1}}):
        controls.set_limits(change)
    by_hand = {"allow_short": 0, "restricted": 1, "maximum_order_rate": 5}
    controls.set_limits(LimitsChange(by_hand, "chief", "drill", None, "account:a"))
    (gone,) = controls.configuration_changes({"firm": firm})
    assert (gone.scope, gone.limits) == ("account:a", {"maximum_order_rate": 5})
    controls.set_limits(gone)
    assert controls.configuration_changes({"firm": firm}) == []


def test_the_first_change_of_an_older_journal_counts_as_the_configurations() -> None:
    controls = Controls()
    controls.set_limits(LIMITS)
    assert controls.configuration_changes({"firm": {"allow_short": 0}}) == []
    assert len(controls.configuration_changes({"firm": {"allow_short": 1}})) == 1
