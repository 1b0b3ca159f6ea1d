"""Which constraints can't hold together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors.errors import AlphaMindError, InputError
from actors.portfolio.construction.rules import Rule

_IMPOSSIBLE = ("infeasible", "infeasible_inaccurate")


def conflict(rules: Sequence[Rule], assets: int) -> list[Rule]:
    """Return rules that no weights meet together, of which every part can be met; none where all can be met.

    One rule after the other is left out, for good where the rest still can't be met: the deletion filter of J.
    Chinneck and E. Dravnieks (1991), "Locating minimal infeasible constraint sets in linear programs", ORSA Journal on
    Computing 3(2). The budget is tried last, since most sets that people write down have it.

    Args:
        rules: Rules over weights.
        assets: Number of weights.
    """
    import cvxpy

    weights = cvxpy.Variable(assets)
    stated = {rule.name: rule.expressions(weights) for rule in rules}

    def possible(names: Sequence[str]) -> bool:
        asked: list[Any] = [expression for name in names for expression in stated[name]]
        problem = cvxpy.Problem(cvxpy.Minimize(0), asked)
        try:
            problem.solve(solver="CLARABEL")
        except cvxpy.SolverError as error:
            raise AlphaMindError(f"whether constraints can hold together was not found out: {error}") from None
        return problem.status not in _IMPOSSIBLE

    kept = list(stated)
    if possible(kept):
        return []
    for name in reversed(list(stated)):
        others = [one for one in kept if one != name]
        if not possible(others):
            kept = others
    return [rule for rule in rules if rule.name in kept]


def check_feasible(rules: Sequence[Rule], assets: int) -> None:
    """Refuse rules that can't hold together.

    Raises:
        InputError: Naming a smallest set that can't: leaving out any one of it, the others can.
    """
    found = conflict(rules, assets)
    if found:
        told = ", ".join(str(rule) for rule in found)
        raise InputError(
            f"no portfolio of {assets} assets keeps to all of these: {told}",
            field="constraints",
            value=", ".join(rule.name for rule in found),
            rule="constraints that can hold together",
            remedy="relax or leave out one of those named; any one will do, as far as these are concerned",
        )
