"""Shares of the firm's limits: their sum never exceeds the limit that holds, whatever is lost, repeated or dies."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actors.errors import Conflict
from actors.oms.budgets import PartitionBudget
from actors.oms.inputs import BudgetGrant
from actors.risk.budget_ledger import BudgetLedger, Confirmation, Grant

NAME, OTHER = "maximum_gross_exposure", "maximum_net_exposure"
LIMITS = {NAME: 100, OTHER: 50}


def ledger(**limits: int) -> BudgetLedger:
    made = BudgetLedger()
    made.set_limits(limits or LIMITS, "USD")
    return made


def grant(made: BudgetLedger, partition: int, **wanted: int) -> Grant:
    found = made.increase(partition, wanted)
    assert found is not None
    made.take(found)
    return found


def test_a_partition_gets_what_it_wants_as_far_as_it_is_free() -> None:
    made = ledger()
    assert grant(made, 1, **{NAME: 70}) == Grant(1, 1, {NAME: 70, OTHER: 0}, "USD")
    assert grant(made, 2, **{NAME: 70, OTHER: 20}).amounts == {NAME: 30, OTHER: 20}
    assert (made.free(NAME), made.free(OTHER)) == (0, 30)
    assert made.increase(2, {NAME: 31}) is None
    assert made.increase(2, {NAME: 10}) is None
    assert made.increase(2, {"maximum_order_rate": 10}) is None


def test_a_decrease_frees_nothing_until_it_was_confirmed() -> None:
    made = ledger()
    grant(made, 1, **{NAME: 100})
    less = made.decrease(1, {NAME: 40})
    assert less == Grant(1, 2, {NAME: 40, OTHER: 0}, "USD")
    made.take(less)
    assert (made.free(NAME), made.unconfirmed(1)) == (0, less)
    assert not made.confirm(1, 0)
    assert made.confirm(1, 1) and made.free(NAME) == 0
    assert made.confirm(1, 2) and made.free(NAME) == 60
    assert not made.confirm(1, 2)
    assert made.unconfirmed(1) is None


def test_an_increase_counts_from_the_moment_it_is_on_record() -> None:
    made = ledger()
    grant(made, 1, **{NAME: 60})
    with pytest.raises(Conflict) as caught:
        made.take(Grant(2, 1, {NAME: 41}, "USD"))
    assert (caught.value.code, caught.value.rule) == ("BUDGET_EXCEEDED", "at most 40")
    assert made.amounts(2) == {}


def test_a_lower_limit_shrinks_every_share_by_the_same_fraction() -> None:
    made = ledger()
    for partition, amount in ((1, 60), (2, 39)):
        made.confirm(partition, grant(made, partition, **{NAME: amount, OTHER: 10}).number)
    made.set_limits({NAME: 50, OTHER: 50}, "USD")
    assert made.free(NAME) == -49 and made.increase(1, {NAME: 61}) is None
    grants = made.shrunk()
    assert [one.amounts for one in grants] == [{NAME: 30, OTHER: 10}, {NAME: 19, OTHER: 10}]
    for one in grants:
        made.take(one)
    assert made.shrunk() == [] and made.free(NAME) == -49
    for one in grants:
        made.confirm(one.partition, one.number)
    assert made.free(NAME) == 1


def test_a_limit_that_was_taken_away_keeps_what_is_in_force_set_aside() -> None:
    made = ledger()
    made.confirm(1, grant(made, 1, **{NAME: 80, OTHER: 5}).number)
    made.set_limits({OTHER: 50}, "USD")
    grant(made, 1, **{OTHER: 6})
    made.set_limits({NAME: 90, OTHER: 50}, "USD")
    assert made.free(NAME) == 10
    assert grant(made, 2, **{NAME: 50}).amounts[NAME] == 10


def test_another_currency_is_told_to_everyone() -> None:
    made = ledger()
    grant(made, 1, **{NAME: 80})
    made.set_limits(LIMITS, "EUR")
    again = made.increase(1, {})
    assert again is not None and again.currency == "EUR" and again.amounts[NAME] == 80


def test_what_a_partition_has_and_nobody_knows_of_is_set_aside() -> None:
    made = ledger()
    grant(made, 1, **{NAME: 50})
    made.adopt(Grant(2, 7, {NAME: 70}, "USD"))
    made.confirm(2, 7)
    assert made.free(NAME) == -20
    assert [one.number for one in made.shrunk()] == [2, 8]


class SharesNeverExceedTheLimitThatHolds(RuleBasedStateMachine):
    """The risk service, its journal, a network that loses, repeats and reorders, partitions that die and come back."""

    PARTITIONS = range(4)

    def __init__(self) -> None:
        super().__init__()
        self.journal: list[Any] = []
        self.ledger = BudgetLedger()
        self.budgets = {partition: PartitionBudget() for partition in self.PARTITIONS}
        self.records: dict[int, list[BudgetGrant]] = {partition: [] for partition in self.PARTITIONS}
        self.dead: set[int] = set()
        self.grants_under_way: list[Grant] = []
        self.answers_under_way: list[Confirmation] = []
        self.holds = 0
        self.change_limit(100)

    def record(self, made: Grant | None) -> None:
        """Put a grant on record, then send it."""
        if made is not None:
            self.journal.append(made)
            self.ledger.take(made)
            self.grants_under_way.append(made)

    @rule(limit=st.integers(0, 200))
    def change_limit(self, limit: int) -> None:
        self.journal.append(limit)
        self.ledger.set_limits({NAME: limit}, "USD")
        self.holds = max(limit, min(self.holds, self.ledger.total(NAME)))

    @rule(partition=st.sampled_from(PARTITIONS), wanted=st.integers(1, 120))
    def ask(self, partition: int, wanted: int) -> None:
        self.record(self.ledger.increase(partition, {NAME: wanted}))

    @rule(partition=st.sampled_from(PARTITIONS), kept=st.integers(0, 60))
    def reclaim(self, partition: int, kept: int) -> None:
        self.record(self.ledger.decrease(partition, {NAME: kept}))

    @rule()
    def shrink(self) -> None:
        for made in self.ledger.shrunk():
            self.record(made)

    @rule()
    def send_again(self) -> None:
        for partition in self.PARTITIONS:
            made = self.ledger.unconfirmed(partition)
            if made is not None:
                self.grants_under_way.append(made)

    @precondition(lambda self: self.grants_under_way)
    @rule(seed=st.integers(), repeated=st.booleans(), lost=st.booleans(), answered=st.booleans())
    def deliver(self, seed: int, repeated: bool, lost: bool, answered: bool) -> None:
        made = random.Random(seed).choice(self.grants_under_way)
        if not repeated:
            self.grants_under_way.remove(made)
        if lost or made.partition in self.dead:
            return
        record = BudgetGrant(time=0, number=made.number, amounts=made.amounts, currency=made.currency)
        self.records[made.partition].append(record)
        budget = self.budgets[made.partition]
        budget.take(record)
        if answered:
            self.answers_under_way.append(Confirmation(made.partition, budget.number))

    @precondition(lambda self: self.answers_under_way)
    @rule(seed=st.integers(), repeated=st.booleans(), lost=st.booleans())
    def hear(self, seed: int, repeated: bool, lost: bool) -> None:
        answer = random.Random(seed).choice(self.answers_under_way)
        if not repeated:
            self.answers_under_way.remove(answer)
        if not lost and self.ledger.confirm(answer.partition, answer.number):
            self.journal.append(answer)
            self.holds = max(self.ledger.limits[NAME], min(self.holds, self.ledger.total(NAME)))

    @rule(partition=st.sampled_from(PARTITIONS))
    def die(self, partition: int) -> None:
        self.dead.add(partition)

    @rule(partition=st.sampled_from(PARTITIONS))
    def come_back(self, partition: int) -> None:
        self.dead.discard(partition)
        again = PartitionBudget()
        for record in self.records[partition]:
            again.take(record)
        assert (again.number, again.amounts()) == (self.budgets[partition].number, self.budgets[partition].amounts())
        self.budgets[partition] = again

    @rule()
    def the_risk_service_dies_and_reads_its_journal(self) -> None:
        self.ledger = BudgetLedger()
        for record in self.journal:
            if isinstance(record, Grant):
                self.ledger.take(record)
            elif isinstance(record, Confirmation):
                self.ledger.confirm(record.partition, record.number)
            else:
                self.ledger.set_limits({NAME: record}, "USD")

    @invariant()
    def what_is_in_force_is_set_aside(self) -> None:
        for partition, budget in self.budgets.items():
            assert budget.amount(NAME) <= self.ledger.reserved(partition, NAME)

    @invariant()
    def the_sum_is_within_the_limit_that_holds(self) -> None:
        """The limit that holds is the present one; after it was lowered, what was set aside then, until that shrank."""
        in_force = sum(budget.amount(NAME) for budget in self.budgets.values())
        assert in_force <= self.ledger.total(NAME) <= self.holds


TestSharesNeverExceedTheLimitThatHolds = SharesNeverExceedTheLimitThatHolds.TestCase
TestSharesNeverExceedTheLimitThatHolds.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
