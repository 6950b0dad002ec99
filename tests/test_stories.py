"""When two texts are one: what must match and what must not, on texts made here. On real ones: tests/benchmarks/stories.py."""

from hypothesis import given, settings
from hypothesis import strategies as st

from model.posts import Post
from service.store.search import indexed
from service.stories import ALIKE, BEGINNING, IN_A_ROW, LEAST, SKETCH, are_numbered_apart, likeness, sketch

# Posts as search keeps them: their distinct words.
word_lists = st.permutations([f"w{number}" for number in range(90)]).flatmap(
    lambda words: st.integers(0, 90).map(lambda n: words[:n])
)
texts = st.permutations([f"w{number}" for number in range(120)]).flatmap(
    lambda words: st.integers(40, 120).map(lambda n: words[:n])
)
few = settings(max_examples=30, deadline=None)


def found(one: list[str], other: list[str]) -> bool:
    """Whether one is a candidate for the other, and passes for the same story."""
    return bool(set(sketch(one)) & set(sketch(other))) and likeness(one, other) >= ALIKE


@few
@given(word_lists, word_lists)
def test_likeness_is_a_share_and_has_no_direction(one: list[str], other: list[str]) -> None:
    assert 0 <= likeness(one, other) == likeness(other, one) <= 1
    if len(one) >= LEAST:
        assert likeness(one, one) == 1
        assert found(one, one)
    else:
        assert likeness(one, other) == 0


@few
@given(word_lists)
def test_a_sketch_is_small_and_always_the_same(words: list[str]) -> None:
    made = sketch(words)

    assert made == sketch(list(words)) == sorted(set(made))
    assert len(made) == (min(SKETCH, min(len(words), BEGINNING) - IN_A_ROW + 1) if len(words) >= LEAST else 0)
    assert all(-(1 << 63) <= one < 1 << 63 for one in made)


def test_a_sketch_is_the_same_in_every_release() -> None:
    # They are kept: another figure here means that all that are stored must be made anew.
    assert sketch([f"word{number}" for number in range(100)])[:2] == [-9117564110012263295, -8375229424311707136]


@few
@given(texts, st.integers(min_value=BEGINNING))
def test_the_beginning_of_a_post_is_found(words: list[str], size: int) -> None:
    assert found(words, words[:size])
    assert likeness(words, words[:size]) == 1


@few
@given(texts)
def test_a_post_with_something_behind_it_is_found(words: list[str]) -> None:
    assert found(words, [*words, *(f"footer{number}" for number in range(60))])


@few
@given(texts, texts)
def test_posts_without_a_common_word_have_nothing_in_common(one: list[str], other: list[str]) -> None:
    other = [f"other-{word}" for word in other]

    assert likeness(one, other) == 0
    assert not set(sketch(one)) & set(sketch(other))


@few
@given(st.permutations([f"w{number}" for number in range(60)]), st.permutations([f"w{number}" for number in range(60)]))
def test_the_same_words_in_another_order_are_another_story(one: list[str], other: list[str]) -> None:
    common = sum(
        shingle in list(zip(one, one[1:], one[2:], strict=False)) for shingle in zip(other, other[1:], other[2:], strict=False)
    )

    assert likeness(one, other) == common / 58


def test_markup_does_not_count() -> None:
    prose = "The resolver sent each query twice, over IPv6 first, where a firewall dropped it. We fixed the rule."
    one = Post(id="1", title="Slow answers", html=f"<p>{prose}</p>")
    other = Post(
        id="2", title="Slow answers", html=f"<div><span>{prose.replace('. ', '.</span><br><b>')}</b></div><script>x()</script>"
    )

    assert indexed(one) == indexed(other)


def test_titles_that_number_different_things() -> None:
    apart = [
        ("Lantern 1.33", "Lantern 1.34"),
        ("Weekly #412", "Weekly #413"),
        ("12 May 2026", "19 May 2026"),
        ("v2.0.1", "v2.0.10"),
    ]
    alike = [
        ("Lantern 1.33", "Lantern"),
        ("5 reasons to try 1.33", "Try 1.33"),
        ("", "2026"),
        ("Lantern", "Lamp"),
        ("a 2", "b 2"),
    ]

    assert [pair for pair in apart if not are_numbered_apart(*pair)] == []
    assert [pair for pair in alike if are_numbered_apart(*pair)] == []
