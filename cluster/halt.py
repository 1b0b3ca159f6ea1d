"""``alphamind halt`` and ``alphamind resume``: the kill switch, for when everything else is stuck.

The firm's state goes into the kill switch's word first, which every OMS of this node compares before each order; nobody
has to answer for that. Only then every OMS and the risk service are told over their sockets, each with little patience.
"""

from __future__ import annotations

import concurrent.futures
import getpass
import pathlib
import socket
import time
from typing import Any, NamedTuple

import msgspec

from actors.errors import AlphaMindError, NotFound
from actors.messages import CancelOrders, TradingState, encode
from actors.oms.client_text import check_line
from actors.oms.kill_word import KillWord, WordState, word_path
from actors.oms.scopes import FIRM, account_of, check_scope, symbol_of
from actors.service import socket_path
from actors.wire import BlockingClient

PATIENCE_SECONDS = 3.0
"""Longer than the risk service waits for an OMS that does not answer it."""
CANCEL = "cancel_all"
RISK = "risk"


class Outcome(NamedTuple):
    """What became of a halt.

    Attributes:
        word: What the word says now; ``None`` where the scope is not the firm.
        confirmed: The services that have the state.
        failed: Those that did not confirm it, and why.
        canceled: Open orders whose cancel was asked for.
    """

    word: WordState | None
    confirmed: list[str]
    failed: dict[str, str]
    canceled: int


def run_directory(home: pathlib.Path, run: str | None = None) -> pathlib.Path:
    """Return the directory of a run by name or path, by default of the one that came up last, alive or not.

    Raises:
        NotFound: There is none.
    """
    candidates = [home / "current"] if run is None else [home / "runs" / run, pathlib.Path(run).expanduser()]
    for directory in candidates:
        if directory.is_dir():
            return directory.resolve()
    raise NotFound(
        "there is no such run", field="run", value=candidates[0], remedy="name one with --run", code="NOT_UP"
    )


def principal() -> str:
    """Return who asks, for the record."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # no name, as in some containers
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def set_trading_state(
    directory: pathlib.Path, scope: str, state: TradingState, reason: str, cancel_orders: bool = False
) -> Outcome:
    """Set the trading state of a scope: the word first, then whoever listens.

    Args:
        directory: The run's directory.
        scope: ``firm``, ``account:ID``, ``strategy:NAME`` or ``instrument:SYMBOL``.
        state: The state.
        reason: Why, for the record.
        cancel_orders: Whether open orders of the scope are taken back as well.

    Raises:
        InputError: Not a scope, or a reason that no record could carry.
        Conflict: The file of the word is something else.
    """
    check_scope(scope)
    check_line("reason", reason)
    who = principal()
    word = _write_word(directory, state, who, reason) if scope == FIRM else None
    # The risk service first: what it has decided it brings to every OMS, also to one that is away now.
    names = [RISK, *sorted(path.stem for path in (directory / "sockets").glob("oms-*.sock"))]
    body = encode({"scope": scope, "state": str(state), "principal": who, "reason": reason})
    timed = encode({"scope": scope, "state": str(state), "principal": who, "reason": reason, "asked": time.time_ns()})
    answers = _ask_all(directory, {name: [("set_state", body if name == RISK else timed)] for name in names})
    failed = {name: answer for name, answer in answers.items() if isinstance(answer, str)}
    canceled = 0
    if cancel_orders:
        wishes = [(CANCEL, encode(wish)) for wish in _wishes(directory, scope, who, reason)]
        for name, answer in _ask_all(directory, {name: wishes for name in names if name != RISK}).items():
            if isinstance(answer, str):
                failed[name] = f"open orders not taken back: {answer}"
            else:
                canceled += sum(len(one) for one in answer)
    return Outcome(word, [name for name in names if name not in failed], failed, canceled)


def _write_word(directory: pathlib.Path, state: TradingState, who: str, reason: str) -> WordState:
    word = KillWord(word_path(directory))
    try:
        return word.write(state, who, reason)
    finally:
        word.close()


def _wishes(directory: pathlib.Path, scope: str, who: str, reason: str) -> list[CancelOrders]:
    account, symbol = account_of(scope), symbol_of(scope)
    strategy = scope.removeprefix("strategy:") if scope.startswith("strategy:") else None
    if symbol is None:
        return [CancelOrders(account=account, strategy=strategy, principal=who, reason=reason)]
    from actors.instruments import InstrumentMaster

    master = InstrumentMaster.load(directory / "instruments.json")
    return [CancelOrders(instrument=one.id, principal=who, reason=reason) for one in master.namesakes(symbol)]


def _ask_all(directory: pathlib.Path, requests: dict[str, list[tuple[str, bytes]]]) -> dict[str, list[Any] | str]:
    """Return the answers of every service, or why there are none; all are asked at once."""
    if not requests:
        return {}
    with concurrent.futures.ThreadPoolExecutor(len(requests)) as pool:
        futures = {name: pool.submit(_ask, directory, name, wishes) for name, wishes in requests.items()}
        return {name: future.result() for name, future in futures.items()}


def _ask(directory: pathlib.Path, name: str, requests: list[tuple[str, bytes]]) -> list[Any] | str:
    try:
        with BlockingClient(socket_path(directory, name), "alphamind halt", timeout=PATIENCE_SECONDS) as client:
            return [msgspec.msgpack.decode(client.request(method, body)) for method, body in requests]
    except AlphaMindError as error:
        if error.code == "ACCOUNT_UNKNOWN" and name != RISK:  # another shard has it
            return []
        return str(error)
