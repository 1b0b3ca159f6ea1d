"""The search for the nearest scenario that loses an amount, for books whose profit bends.

Scenarios are x = A z with A A' the covariance, so the distance is the length of z. Rays in many directions are walked
outwards until the loss is reached; from the nearest such points sequential quadratic programming (SLSQP; D. Kraft 1988)
looks for the shortest z that loses as much.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from scipy import optimize

from actors.risk.measures.tails import Array
from actors.risk.stress.factor_model import FactorModel

REACH = 100.0
"""Sigmas within which is looked."""
_RADII = np.array([0.25, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 30, 45, 70, 100.0])
_RANDOM = 48
_WIDEST = 20
"""Axes along which is looked: those in which most moves."""
_STARTS = 6
_HALVINGS = 40
_STEP = 1e-5
_TOLERANCE = 1e-9

Gains = Callable[[Array], Array]
"""Profit by row of changes of factors."""


@dataclasses.dataclass(frozen=True, eq=False)
class NearestLoss:
    """What the search found.

    Attributes:
        reached: Whether the loss was; if not, the rest is of the largest one.
        moves: Change by factor, shape (factors,).
        profit: The gain under it.
        distance: Its length, in sigmas.
    """

    reached: bool
    moves: Array
    profit: float
    distance: float


def nearest_loss(gains: Gains, model: FactorModel, loss: float, seed: int = 0) -> NearestLoss:
    """Return the nearest scenario that loses an amount, or the one of the largest loss within ``REACH``."""
    search = _Search(gains, model, loss)
    directions = _directions(gains, model, seed)
    points = (directions[:, None, :] * _RADII[None, :, None]).reshape(-1, directions.shape[1])
    allowed = (points @ model.root.T >= model.lowest).all(axis=1)
    points = points[allowed]
    found = gains(points @ model.root.T)
    starts = _first_reached(points, found, loss, search)
    if not starts:
        best = points[int(found.argmin())] if len(points) else np.zeros(model.root.shape[1])
        worst = search.worst(best)
        if search.gain(worst) > -loss:
            return search.told(worst, reached=False)
        starts = [search.shrunk(worst)]
    starts.sort(key=lambda z: float(z @ z))
    ends = [end for start in starts[:_STARTS] for end in (start, search.nearest(start)) if end is not None]
    return search.told(min(ends, key=lambda z: float(z @ z)), reached=True)


class _Search:
    """Steps of the search, in directions that are scaled by the covariance."""

    def __init__(self, gains: Gains, model: FactorModel, loss: float) -> None:
        self._gains = gains
        self._model = model
        self._loss = loss
        root, lowest = model.root, model.lowest
        bounded = np.isfinite(lowest)
        self._bounds = {
            "type": "ineq",
            "fun": lambda z: root[bounded] @ z - lowest[bounded],
            "jac": lambda z: root[bounded],
        }

    def gain(self, z: Array) -> float:
        return float(self._gains((self._model.root @ z)[None])[0])

    def slope(self, z: Array) -> Array:
        steps = _STEP * np.eye(len(z))
        up_and_down = self._gains(np.concatenate([z + steps, z - steps]) @ self._model.root.T)
        return np.asarray((up_and_down[: len(z)] - up_and_down[len(z) :]) / (2 * _STEP), np.float64)

    def nearest(self, start: Array) -> Array | None:
        """Return the shortest z near a start that loses as much, ``None`` where the search ends elsewhere."""
        loses = {
            "type": "ineq",
            "fun": lambda z: -self.gain(self._inside(z)) / self._loss - 1,
            "jac": lambda z: -self.slope(self._inside(z)) / self._loss,
        }
        answer = optimize.minimize(
            lambda z: float(z @ z) / 2, start, jac=lambda z: z, method="SLSQP",
            constraints=[loses, self._bounds], options={"maxiter": 60, "ftol": 1e-10},
        )  # fmt: skip
        end = self._inside(np.asarray(answer.x, np.float64))
        if not np.isfinite(end).all():
            return None
        if self.gain(end) <= -self._loss:
            return self.shrunk(end)
        stretched = self._inside(end * (1 + 1e-4))
        return self.shrunk(stretched) if self.gain(stretched) <= -self._loss else None

    def worst(self, start: Array) -> Array:
        """Return the z of the largest loss near a start, within reach."""
        within = {"type": "ineq", "fun": lambda z: REACH**2 - z @ z, "jac": lambda z: -2 * z}
        answer = optimize.minimize(
            lambda z: self.gain(self._inside(z)) / self._loss,
            start,
            jac=lambda z: self.slope(self._inside(z)) / self._loss,
            method="SLSQP",
            constraints=[within, self._bounds],
            options={"maxiter": 60},
        )
        end = self._inside(np.asarray(answer.x, np.float64))
        end *= min(1.0, REACH / max(float(np.linalg.norm(end)), 1e-12))
        return end if np.isfinite(end).all() and self.gain(end) < self.gain(start) else start

    def shrunk(self, z: Array) -> Array:
        """Return the shortest multiple of a z that loses enough, which still loses as much."""
        least, most = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = (least + most) / 2
            least, most = (least, middle) if self.gain(middle * z) <= -self._loss else (middle, most)
        return most * z

    def told(self, z: Array, reached: bool) -> NearestLoss:
        return NearestLoss(reached, self._model.root @ z, self.gain(z), float(np.linalg.norm(z)))

    def _inside(self, z: Array) -> Array:
        """Return a z whose prices stay positive: towards today's, as far as needed."""
        moves, lowest = self._model.root @ z, self._model.lowest
        below = moves < lowest
        return z * float((lowest[below] / moves[below]).min()) if below.any() else z


def _directions(gains: Gains, model: FactorModel, seed: int) -> Array:
    """Return where to look: down today's slope, along each axis, and at random.

    Returns:
        Shape (directions, axes), each of length 1.
    """
    axes = model.root.shape[1]
    steps = 1e-4 * np.eye(axes)
    slope = gains(steps @ model.root.T) - gains(-steps @ model.root.T)
    chance = np.random.default_rng(seed).standard_normal((_RANDOM, axes))
    # All factors down and all factors up, as far as the covariance lets them go together.
    common = model.root.T @ (1 / np.sqrt(np.maximum(np.diag(model.covariance), 1e-300)))
    widest = np.eye(axes)[-_WIDEST:]  # eigenvalues ascend
    every = np.concatenate([[-slope, slope, -common, common], widest, -widest, chance])
    lengths = np.linalg.norm(every, axis=1)
    return np.asarray(every[lengths > 0] / lengths[lengths > 0, None], np.float64)


def _first_reached(points: Array, found: Array, loss: float, search: _Search) -> list[Array]:
    """Return the nearest points that lose enough, shrunk to where they just do."""
    enough = np.flatnonzero(found <= -loss)
    order = enough[np.argsort((points[enough] ** 2).sum(axis=1), kind="stable")]
    return [search.shrunk(points[at]) for at in order[:_STARTS].tolist()]
