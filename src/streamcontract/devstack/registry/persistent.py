"""Persistent map: an immutable mapping whose changed copies share the unchanged parts.

A trie over the bits of the keys' hashes (Bagwell, "Ideal Hash Trees"): inner nodes are tuples of
children, leaves are small dicts. A change copies the leaf of its key and the nodes above it, so it
costs the same whether there are ten items or a million.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar

import attrs

__all__ = ["PersistentMap", "changed_keys"]

K = TypeVar("K")
V = TypeVar("V")

_BITS: Final = 5
_WIDTH: Final = 1 << _BITS
_LARGEST_LEAF: Final = 16
_LAST_SHIFT: Final = 60
"""The depth after which hashes have no bits left (``sys.hash_info.width``); leaves then grow."""

_Node = dict[Any, Any] | tuple[Any, ...]
_EMPTY: Final[dict[Any, Any]] = {}


@attrs.frozen(eq=False, repr=False)
class PersistentMap(Mapping[K, V]):
    """An immutable mapping, which iterates in no particular order.

    Attributes:
        root: The trie.
        size: The number of items.

    Example:
        >>> before = PersistentMap[str, int]()
        >>> after = before.set("a", 1).set("b", 2)
        >>> dict(before), sorted(after.items()), dict(after.delete("a"))
        ({}, [('a', 1), ('b', 2)], {'b': 2})
    """

    root: _Node = _EMPTY
    size: int = 0

    def set(self, key: K, value: V) -> PersistentMap[K, V]:
        """This mapping with one item set."""
        size = self.size + (key not in self)
        return PersistentMap(_with(self.root, hash(key), 0, key, value), size)

    def delete(self, key: K) -> PersistentMap[K, V]:
        """This mapping without a key; itself, if it has no such key."""
        if key not in self:
            return self
        return PersistentMap(_without(self.root, hash(key), 0, key), self.size - 1)

    def __getitem__(self, key: K) -> V:
        node, rest = self.root, hash(key)
        while isinstance(node, tuple):
            node, rest = node[rest & _WIDTH - 1], rest >> _BITS
        found: V = node[key]
        return found

    def __iter__(self) -> Iterator[K]:
        return _keys(self.root)

    def __len__(self) -> int:
        return self.size

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self)!r})"


def changed_keys(old: PersistentMap[K, V], new: PersistentMap[K, V]) -> Iterator[K]:
    """The keys that only one of two mappings has, or that have different objects.

    Shared parts are skipped, so the cost is proportional to the changes between them.

    Example:
        >>> old = PersistentMap[str, int]().set("a", 1).set("b", 2)
        >>> sorted(changed_keys(old, old.set("c", 3).delete("a")))
        ['a', 'c']
    """
    return _changed(old.root, new.root)


def _with(node: _Node, bits: int, shift: int, key: object, value: object) -> _Node:
    """A node with one item set; ``bits`` are the bits of the key's hash left at its depth."""
    if isinstance(node, tuple):
        index = bits & _WIDTH - 1
        child = _with(node[index], bits >> _BITS, shift + _BITS, key, value)
        return (*node[:index], child, *node[index + 1 :])
    leaf = {**node, key: value}
    if len(leaf) <= _LARGEST_LEAF or shift > _LAST_SHIFT:
        return leaf
    children = [_EMPTY] * _WIDTH
    for each, kept in leaf.items():
        index = hash(each) >> shift & _WIDTH - 1
        children[index] = {**children[index], each: kept}
    return tuple(children)


def _without(node: _Node, bits: int, shift: int, key: object) -> _Node:
    if isinstance(node, tuple):
        index = bits & _WIDTH - 1
        child = _without(node[index], bits >> _BITS, shift + _BITS, key)
        rest = (*node[:index], child, *node[index + 1 :])
        return (
            rest if any(rest) else _EMPTY
        )  # an inner node is never empty, so only leaves are false
    leaf = dict(node)
    del leaf[key]
    return leaf


def _keys(node: _Node) -> Iterator[Any]:
    if isinstance(node, dict):
        yield from node
    else:
        for child in node:
            yield from _keys(child)


def _changed(old: _Node, new: _Node) -> Iterator[Any]:
    if old is new:
        return
    if isinstance(old, tuple) and isinstance(new, tuple):
        for ours, theirs in zip(old, new, strict=True):
            yield from _changed(ours, theirs)
        return
    before, after = _items(old), _items(new)
    for key in before.keys() | after.keys():
        if key not in before or key not in after or before[key] is not after[key]:
            yield key


def _items(node: _Node) -> dict[Any, Any]:
    if isinstance(node, dict):
        return node
    return {key: value for child in node for key, value in _items(child).items()}
