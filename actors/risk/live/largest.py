"""The largest of many values that change one at a time: a tournament tree."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Largest(Generic[Key]):
    """Non-negative integers by key, and which of them is the largest; a change takes O(log n) at most.

    Every inner node of a complete binary tree holds the larger of its two children, the leaves hold the values; a key
    that was taken out leaves its leaf to the next one. Source: Knuth (1998), "The Art of Computer Programming", volume
    3, 5.2.3 (tree selection).
    """

    def __init__(self) -> None:
        self._size = 1
        self._tree = [0, 0]
        self._leaves: dict[Key, int] = {}
        self._keys: list[Key | None] = [None]
        self._free = [0]
        self._winner = -1

    def __len__(self) -> int:
        return len(self._leaves)

    @property
    def value(self) -> int:
        """The largest value; 0 where there is none."""
        return self._tree[1]

    @property
    def key(self) -> Key | None:
        """The key of the largest value, ``None`` where no value is over 0; of equal ones any."""
        if self._winner < 0:
            tree, largest, node = self._tree, self._tree[1], 1
            if not largest:
                return None
            while node < self._size:
                node *= 2
                if tree[node] != largest:
                    node += 1
            self._winner = node - self._size
        return self._keys[self._winner]

    def get(self, key: Key) -> int:
        """Return the value of a key, 0 where it has none."""
        leaf = self._leaves.get(key)
        return 0 if leaf is None else self._tree[self._size + leaf]

    def set(self, key: Key, value: int) -> None:
        """Set the value of a key; 0 takes it out."""
        leaf = self._leaves.get(key)
        if leaf is None:
            if not value:
                return
            if not self._free:
                self._double()
            leaf = self._leaves[key] = self._free.pop()
            self._keys[leaf] = key
        elif not value:
            del self._leaves[key]
            self._keys[leaf] = None
            self._free.append(leaf)
        self._put(leaf, value)

    def _put(self, leaf: int, value: int) -> None:
        tree, node = self._tree, self._size + leaf
        if tree[node] == value:
            return
        if leaf == self._winner or value >= tree[1]:
            self._winner = -1  # to be looked for again
        tree[node] = value
        while node > 1:
            other = tree[node ^ 1]
            node >>= 1
            if other > value:
                value = other
            if tree[node] == value:
                return
            tree[node] = value

    def _double(self) -> None:
        values = self._tree[self._size :]
        self._free = list(range(2 * self._size - 1, self._size - 1, -1))
        self._keys += [None] * self._size
        self._size *= 2
        self._tree = [0] * self._size + values + [0] * len(values)
        for node in range(self._size - 1, 0, -1):
            self._tree[node] = max(self._tree[2 * node], self._tree[2 * node + 1])
