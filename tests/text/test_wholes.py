"""Whole texts out of a heap with their parts."""

from __future__ import annotations

from valence.text.wholes import LONGEST, draw_wholes

WHOLE = "the old harbour sleeps under snow and nobody minds"
OTHER = "a brass band played all night in the square"


def test_a_part_is_left_out_wherever_it_stands_in_its_whole() -> None:
    heap = [WHOLE, OTHER, "the old harbour", "sleeps under snow and nobody", "nobody minds", "band played all night in the", "brass band"]
    assert sorted(draw_wholes(heap, 10, least_words=1, seed=0)) == sorted([WHOLE, OTHER])


def test_words_are_whole_words() -> None:
    heap = ["a cartoon about paint", "art on about"]
    assert set(draw_wholes([*heap, "art", "a car", "on about"], 10, least_words=1, seed=0)) == {*heap, "a car"}


def test_short_texts_are_left_aside_and_none_comes_twice() -> None:
    assert draw_wholes([WHOLE, WHOLE, "not one of them"], 10, least_words=5, seed=0) == (WHOLE,)


def test_the_draw_follows_from_the_seed_and_not_from_the_order() -> None:
    heap = [f"text number {n} stands by itself" for n in range(200)]
    drawn = draw_wholes(heap, 20, least_words=1, seed=3)
    assert len(set(drawn)) == 20
    assert drawn == draw_wholes(heap[::-1], 20, least_words=1, seed=3)
    assert drawn != draw_wholes(heap, 20, least_words=1, seed=4)


def test_a_heap_of_twenty_times_as_many_or_more_is_cut_down_first() -> None:
    heap = [f"text number {n} stands by itself" for n in range(500)]
    assert len(set(draw_wholes(heap, 3, least_words=1, seed=0))) == 3


def test_a_text_too_long_to_be_a_part_is_kept_as_it_is() -> None:
    long = " ".join(["word"] * (LONGEST + 1))
    assert set(draw_wholes([long, f"{long} more"], 5, least_words=1, seed=0)) == {long, f"{long} more"}


def test_nothing_comes_of_nothing() -> None:
    assert draw_wholes((), 5, least_words=1, seed=0) == ()
