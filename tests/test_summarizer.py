"""Summaries: verbatim, in order, short, and of prose only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import feed, text
from model.posts import Post
from model.summarizer import summarize
from tests.conftest import SAMPLE


def summary(html: str, title: str = "", **options: int) -> list[str]:
    return summarize(text.of_post(Post(id="x", title=title, html=html)), **options)


def test_sentences_stand_verbatim_in_one_block_and_in_order() -> None:
    for post in feed.read(SAMPLE.read_bytes()).posts:
        parsed = text.of_post(post)
        chosen = summarize(parsed)
        places = [
            (index, block.text.find(sentence))
            for sentence in chosen
            for index, block in enumerate(parsed.blocks)
            if sentence in block.text
        ]

        assert 1 <= len(chosen) <= 3
        assert len(places) == len(chosen)
        assert places == sorted(places)
        assert all(parsed.blocks[index].kind == "paragraph" for index, _ in places)


def test_what_is_no_prose_is_not_quoted() -> None:
    html = """<h1>A heading that could well pass as a sentence.</h1>
    <ul><li>An item that could well pass as a sentence.</li></ul>
    <pre>A line of code that could well pass as a sentence.</pre>
    <table><tr><td>A cell that could well pass as a sentence.</td></tr></table>
    <p>Short one.</p><p>This paragraph introduces a list of things:</p>
    <p>The only sentence of prose that is here to be found.</p>"""

    assert summary(html) == ["The only sentence of prose that is here to be found."]


def test_the_title_says_what_matters() -> None:
    html = "".join(f"<p>Filler sentence number {word} talks about bread and butter.</p>" for word in "one two six ten".split())
    html += "<p>The garbage collector of the runtime now pauses far less.</p>"

    wanted = "The garbage collector of the runtime now pauses far less."
    assert wanted in summary(html, title="Garbage collector pauses", sentences=2)
    assert wanted not in summary(html, title="Bread and butter", sentences=2)


def test_nothing_is_said_twice() -> None:
    html = "<p>The cache is now warm at start.</p>" * 2 + "<p>Cold requests are therefore gone for good.</p>"

    assert summary(html) == ["The cache is now warm at start.", "Cold requests are therefore gone for good."]


@pytest.mark.parametrize(("sentences", "max_words"), [(1, 60), (2, 12), (3, 20), (10, 500)])
def test_limits_are_kept(sentences: int, max_words: int) -> None:
    html = "".join(f"<p>Sentence number {index} has some eight words here.</p>" for index in range(20))

    chosen = summary(html, sentences=sentences, max_words=max_words)

    assert 1 <= len(chosen) <= sentences
    assert len(chosen) == 1 or sum(len(sentence.split()) for sentence in chosen) <= max_words


@given(st.text(), st.text(max_size=30))
def test_any_text_is_summarized_by_its_own_words(html: str, title: str) -> None:
    blocks = [block.text for block in text.html_blocks(html)]

    assert all(any(sentence in block for block in blocks) for sentence in summary(html, title))
