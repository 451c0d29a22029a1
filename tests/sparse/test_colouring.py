"""Colourings: valid on random patterns, and few colours on usual ones."""

import random

import pytest

from fgrad.sparse import colouring
from fgrad.sparse.pattern import Pattern


def random_pattern(seed: int) -> Pattern:
    choose = random.Random(seed)
    shape = choose.randint(1, 12), choose.randint(1, 12)
    count = choose.randint(0, shape[0] * shape[1] // 2)
    places = [(choose.randrange(shape[0]), choose.randrange(shape[1])) for _ in range(count)]
    return Pattern.of(shape, places)


@pytest.mark.parametrize("seed", range(40))
def test_columns_of_one_colour_do_not_meet(seed: int) -> None:
    pattern = random_pattern(seed)
    colours = colouring.columns(pattern)
    assert len(colours) == pattern.shape[1]
    for i in range(pattern.shape[0]):
        row = [colours[j] for j in range(pattern.shape[1]) if (i, j) in pattern]
        assert len(row) == len(set(row))


@pytest.mark.parametrize("seed", range(40))
def test_no_path_of_four_has_two_colours(seed: int) -> None:
    choose = random.Random(seed)
    size = choose.randint(1, 10)
    edges = {(choose.randrange(size), choose.randrange(size)) for _ in range(choose.randint(0, 20))}
    pattern = Pattern.of((size, size), [*edges, *[(j, i) for i, j in edges]])
    colours = colouring.star(pattern)
    near = [[j for j in range(size) if j != i and (i, j) in pattern] for i in range(size)]
    for a in range(size):
        for b in near[a]:
            assert colours[a] != colours[b]
            paths = [(a, b, c, d) for c in near[b] if c != a for d in near[c] if d not in (a, b)]
            assert all(len({colours[v] for v in path}) > 2 for path in paths)


def test_usual_patterns_take_few_colours() -> None:
    diagonals = [(i, i + k) for i in range(300) for k in (-1, 0, 1) if 0 <= i + k < 300]
    band = Pattern.of((300, 300), diagonals)
    assert max(colouring.columns(band)) == 2
    assert max(colouring.star(band)) <= 3
    whole = [(i, j) for i in (0, *range(300)) for j in (0, i)]
    arrow = Pattern.of((300, 300), [*whole, *[(j, i) for i, j in whole]])
    assert max(colouring.star(arrow)) == 1
