"""What a risk manager asks of the risk service: to change limits and trading states, and to see them."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from actors.errors import AlphaMindError, InputError, NotFound
from actors.messages import Instrument, Message, TradingState, encode
from actors.oms.client_text import check_line
from actors.oms.scopes import FIRM, account_of, check_scope, symbol_of
from actors.portfolio.ledger import Ledger
from actors.portfolio.oms_follower import OmsFollower
from actors.risk.budget_keeper import BudgetKeeper
from actors.risk.controls import Controls, LimitsChange, StateChange
from actors.risk.delivery import Delivery
from actors.risk.limits import changed_limits, limit_text, limits_text
from actors.wire import Handler, Request

_FIRM_EXPOSURE = ("maximum_gross_exposure", "maximum_net_exposure")
PATIENCE_SECONDS = 2.0


class _SetLimits(msgspec.Struct, forbid_unknown_fields=True):
    limits: dict[str, str | None]
    principal: str
    reason: str
    scope: str = FIRM


class _SetState(msgspec.Struct, forbid_unknown_fields=True):
    scope: str
    state: TradingState
    principal: str
    reason: str


class _Limits(msgspec.Struct, forbid_unknown_fields=True):
    account: str | None = None
    strategy: str = "manual"
    symbol: str | None = None


class _AskBudget(msgspec.Struct, forbid_unknown_fields=True):
    partition: int
    wanted: dict[str, int]


class ControlRequests:
    """Answers ``limits``, ``set_limits``, ``set_state`` and ``ask_budget``.

    Args:
        controls: What was decided.
        delivery: Brings it to the OMS shards.
        keeper: Hands out the firm's limits.
        record: Puts a change on record and makes it.
        oms: The OMS shards.
        ledger: Knows the accounts.
        instruments: The instrument master.
        log: The service's log.
    """

    def __init__(
        self,
        controls: Controls,
        delivery: Delivery,
        keeper: BudgetKeeper,
        record: Callable[[Message], None],
        oms: OmsFollower,
        ledger: Ledger,
        instruments: Sequence[Instrument],
        log: Any,
    ) -> None:
        self._controls = controls
        self._delivery = delivery
        self._keeper = keeper
        self._record = record
        self._oms = oms
        self._ledger = ledger
        self._instruments = instruments
        self._log = log

    def handlers(self) -> Mapping[str, Handler]:
        """Return the methods by name."""
        return {
            "limits": self.limits,
            "set_limits": self.set_limits,
            "set_state": self.set_state,
            "ask_budget": self.ask_budget,
        }

    def set_limits(self, request: Request) -> None:
        """Change the limits of a scope that are named; answered with the scope's limits and who has them.

        Raises:
            InputError: Not a scope, no author, or a limit that the scope can't have.
            NotFound: No such account or instrument.
        """
        wanted = msgspec.msgpack.decode(request.body, type=_SetLimits)
        _check_authorship(wanted.principal, wanted.reason)
        check_scope(wanted.scope, narrow=True)
        self._check_exists(wanted.scope)
        limits = changed_limits(self._controls.limits_of(wanted.scope), wanted.limits, wanted.scope)
        if wanted.scope == FIRM and any(name in limits for name in _FIRM_EXPOSURE):
            self._check_currencies()
        self._record(LimitsChange(limits, wanted.principal, wanted.reason, None, wanted.scope))
        self._log.info("limits set", scope=wanted.scope, principal=wanted.principal, limits=wanted.limits)
        answer = {"version": self._controls.version, "scope": wanted.scope, "limits": limits_text(limits)}
        self._delivery.change(request, lambda: answer, None)
        if wanted.scope == FIRM:
            self._delivery.spawn(self._keeper.spread())

    def set_state(self, request: Request) -> None:
        """Set the trading state of a scope; answered with who has it.

        Raises:
            InputError: Not a scope, or no author.
            NotFound: No such account or instrument.
        """
        wanted = msgspec.msgpack.decode(request.body, type=_SetState)
        _check_authorship(wanted.principal, wanted.reason)
        check_scope(wanted.scope)  # as the OMS does: a change on record that it refuses would hold up all later ones
        self._check_exists(wanted.scope)
        change = StateChange(wanted.scope, wanted.state, wanted.principal, wanted.reason)
        self._record(change)
        self._log.info("state set", scope=change.scope, state=str(change.state), principal=change.principal)
        answer = functools.partial(self._state_answer, change)
        self._delivery.change(request, answer, change)

    def _state_answer(self, change: StateChange) -> dict[str, Any]:
        return {"scope": change.scope, "state": str(change.state), "stricter": self._stricter()}

    def ask_budget(self, request: Request) -> bytes:
        """Take note that a partition is short of the firm's limits; it is seen to in the background."""
        wanted = msgspec.msgpack.decode(request.body, type=_AskBudget)
        self._delivery.spawn(self._keeper.ask(wanted.partition, wanted.wanted))
        return encode({})

    def limits(self, request: Request) -> bytes | None:
        """Answer with limits, states and budgets, and for an account with what holds for its orders and its use."""
        wanted = msgspec.msgpack.decode(request.body, type=_Limits)
        if wanted.account is None:
            return encode(self._view())
        self._ledger.books(wanted.account)
        self._delivery.spawn(self._with_effective(request, wanted))
        return None

    async def _with_effective(self, request: Request, wanted: _Limits) -> None:
        body = encode({"account": wanted.account, "strategy": wanted.strategy, "symbol": wanted.symbol})
        for shard, client in self._oms.clients.items():
            try:
                found = await asyncio.wait_for(client.request("limits", body), PATIENCE_SECONDS)
                answer = msgspec.msgpack.decode(found)
            except NotFound as error:
                if error.code != "ACCOUNT_UNKNOWN":
                    request.fail(error)
                    return
                continue
            except (AlphaMindError, asyncio.TimeoutError) as error:
                self._log.warning("the use of limits is not known now", shard=shard, problem=repr(error))
                continue
            request.reply(encode({**self._view(), **_effective_text(answer)}))
            return
        request.fail(NotFound("no OMS shard that is there has the account", field="account", value=wanted.account))

    def _view(self) -> dict[str, Any]:
        firm = self._controls.limits.get(FIRM)
        return {
            "version": self._controls.version,
            "limits": limits_text(self._controls.limits_of(FIRM)),
            "principal": "" if firm is None else firm.principal,
            "reason": "" if firm is None else firm.reason,
            "scopes": {
                scope: {"limits": limits_text(change.limits), "principal": change.principal, "reason": change.reason}
                for scope, change in self._controls.limits.items()
                if change.limits
            },
            "trading_states": self.states(),
            "stricter": self._stricter(),
            "budgets": self._keeper.state(),
            "pending": self._delivery.pending(),
        }

    def states(self) -> dict[str, str]:
        """Return the trading state of every scope for which one was set."""
        return {FIRM: "active", **{scope: str(change.state) for scope, change in self._controls.states.items()}}

    def _stricter(self) -> dict[str, dict[int, str]]:
        partitions = {partition for known in self._oms.partitions.values() for partition in known}
        return self._controls.stricter(partitions)

    def _check_exists(self, scope: str) -> None:
        account, symbol = account_of(scope), symbol_of(scope)
        if account is not None:
            self._ledger.books(account)
        if symbol is not None and not any(one.symbol == symbol for one in self._instruments):
            raise NotFound(
                "there is no such instrument", field="scope", value=symbol, rule="a symbol", code="INSTRUMENT_UNKNOWN"
            )

    def _check_currencies(self) -> None:
        currencies = sorted({self._ledger.currency(account) for account in self._ledger.accounts()})
        if len(currencies) > 1:
            raise InputError(
                "the firm's exposure can't be counted: its accounts are in several currencies",
                field="limits",
                value=", ".join(currencies),
                rule="accounts in one currency",
                remedy="limit each account",
                code="LIMIT_CURRENCY",
            )


def _effective_text(answer: Mapping[str, Any]) -> dict[str, Any]:
    def texts(values: Mapping[str, int | None]) -> dict[str, str]:
        return {name: limit_text(name, value) for name, value in values.items() if value is not None}

    budget = answer["budget"]
    return {
        "effective": texts(answer["effective"]),
        "strategy": texts(answer["strategy"]),
        "firm": texts(answer["firm"]),
        "use": texts(answer["use"]),
        "strategy_use": texts(answer["strategy_use"]),
        "budget": {"number": budget["number"], "amounts": texts(budget["amounts"]), "use": texts(budget["use"])},
    }


def _check_authorship(principal: str, reason: str) -> None:
    for field, text in (("principal", principal), ("reason", reason)):
        if not text.strip():
            raise InputError(f"a change needs a {field}", field=field, rule="not empty")
        check_line(field, text)
