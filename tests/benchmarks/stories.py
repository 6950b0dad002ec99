"""How well the same story is told from others, on posts that are none of ours.

    python tests/benchmarks/stories.py POSTS

POSTS is JSONL of posts; where they have a `repo`, posts of one are each other's hardest strangers. Of each post versions are
made as they come through other feeds, which should match it, and others that only look like it, which should not. Printed:
both errors by threshold, with the whole way (sketch, then text, then title) and what each kind of version costs.
"""

import argparse
import itertools
import json
import random
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from html import escape
from pathlib import Path

from model.posts import Post, post_from_dict
from model.text import of_post
from service import stories
from service.store.search import indexed

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
HEAD = (
    "<p>By Jamie Fox, 12 May 2026, 7 min read. Originally published on the community blog; republished here with permission of"
    " the author.</p>"
)
FOOT = (
    "<p>This post appeared first on The Gazette. Share this: by mail, on the timeline. Subscribe to our newsletter to get posts"
    " like this by email every week. Copyright 2026, all rights reserved.</p>"
)


class Maker:
    """Makes other versions of posts, the same ones for the same posts."""

    def __init__(self, posts: list[Post], groups: list[str]) -> None:
        self.posts = posts
        self.blocks = [[block.text for block in of_post(post).blocks] for post in posts]
        self.members = defaultdict(list)
        for index, group in enumerate(groups):
            self.members[group].append(index)
        self.groups = groups
        self.chance = random.Random(5)

    def excerpt(self, index: int, words: int) -> Post:
        text = " ".join(" ".join(self.blocks[index]).split()[:words])
        return replace(self.posts[index], html=f"<p>{escape(text)} [...] Read more</p>", text=None)

    def half(self, index: int) -> Post:
        blocks = self.blocks[index]
        return self.of_blocks(index, blocks[: max(1, len(blocks) // 2)])

    def of_blocks(self, index: int, blocks: Iterable[str]) -> Post:
        return replace(self.posts[index], html="".join(f"<p>{escape(block)}</p>" for block in blocks), text=None)

    def framed(self, post: Post, head: str = "", foot: str = "") -> Post:
        return replace(post, html=head + (post.html or escape(post.text or "")) + foot, text=None)

    def other_markup(self, index: int) -> Post:
        cells = "<br>".join(f"<span>{escape(block)}</span>" for block in self.blocks[index])
        return replace(self.posts[index], html=f"<div><table><tr><td>{cells}</td></tr></table></div>", text=None)

    def new_title(self, post: Post) -> Post:
        """Half of its words, in another order."""
        words = post.title.split()
        self.chance.shuffle(words)
        return replace(post, title="News: " + " ".join(words[: max(1, len(words) // 2)]))

    def edited(self, index: int) -> Post:
        """3 of 100 sentences are gone, 2 of 100 words are gone or others."""
        return self.of_blocks(index, map(self._edited, self.blocks[index]))

    def _edited(self, block: str) -> str:
        sentences = [one for one in re.split(r"(?<=[.!?]) ", block) if self.chance.random() >= 0.03]
        words = " ".join(sentences).split(" ")
        return " ".join(word if self.chance.random() >= 0.02 else self.chance.choice(["", "also", f"{word}s"]) for word in words)

    def everything(self, index: int) -> Post:
        return self.framed(self.new_title(self.edited(index)), HEAD, FOOT)

    def next_issue(self, index: int) -> Post:
        """What a newsletter's next issue looks like: title, beginning and end are the same, the numbers count on, and what is
        between is another post's of the same place."""
        own, others = self.blocks[index], self.blocks[self._neighbour(index)]
        return replace(self.of_blocks(index, own[:2] + others + own[-2:]), title=_counted_on(self.posts[index].title))

    def next_release(self, index: int) -> Post:
        """What the notes of the next release look like: every other paragraph is the same, and the numbers count on."""
        own, others = self.blocks[index], itertools.cycle(self.blocks[self._neighbour(index)])
        mixed = [_counted_on(block) if number % 2 == 0 else next(others) for number, block in enumerate(own)]
        return replace(self.of_blocks(index, mixed), title=_counted_on(self.posts[index].title))

    def _neighbour(self, index: int) -> int:
        others = [other for other in self.members[self.groups[index]] if other != index]
        return self.chance.choice(others or [other for other in range(len(self.posts)) if other != index])


def _counted_on(text: str) -> str:
    return re.sub(r"\d+(?!.*\d)", lambda found: str(int(found[0]) + 1), text, count=1)


class Seen:
    """A post as the store sees it."""

    def __init__(self, post: Post) -> None:
        self.title = post.title
        self.words = indexed(post).split()
        self.sketch = set(stories.sketch(self.words))

    def likeness(self, other: "Seen") -> float:
        """What the store goes by: 0 for a post that is no candidate, or is numbered apart."""
        if not self.sketch & other.sketch or stories.are_numbered_apart(self.title, other.title):
            return 0.0
        return stories.likeness(self.words, other.words)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("posts")
    rows = [json.loads(line) for line in Path(parser.parse_args().posts).read_text().splitlines()]
    posts = [post_from_dict({name: row[name] for name in ("title", "html", "text") if name in row}) for row in rows]
    groups = [row.get("repo", "") for row in rows]
    make = Maker(posts, groups)
    seen = [Seen(post) for post in posts]
    every = range(len(posts))
    same: dict[str, Callable[[int], Post]] = {
        "excerpt of 25 words": lambda index: make.excerpt(index, 25),
        "excerpt of 55 words": lambda index: make.excerpt(index, 55),
        "the same, new title": lambda index: make.new_title(make.excerpt(index, 55)),
        "first half": make.half,
        "header added": lambda index: make.framed(posts[index], HEAD),
        "footer added": lambda index: make.framed(posts[index], foot=FOOT),
        "title | site": lambda index: replace(posts[index], title=f"{posts[index].title} | The Gazette of Clouds"),
        "new title": lambda index: make.new_title(posts[index]),
        "other markup": make.other_markup,
        "light edits": make.edited,
        "edits, title, header, footer": make.everything,
    }
    print(f"{len(posts)} posts\n\n{'share missed of what is the same, from':>52}", *(f"{limit:6.1f}" for limit in THRESHOLDS))
    for name, version in same.items():
        table(name, [Seen(version(index)).likeness(seen[index]) for index in every], missed=True)
    print(f"\n{'pairs taken for one that are two, from':>52}", *(f"{limit:6.1f}" for limit in THRESHOLDS))
    pairs = list(itertools.combinations(every, 2))
    near = [pair for pair in pairs if groups[pair[0]] == groups[pair[1]]]
    table("two posts of one repository", [seen[one].likeness(seen[other]) for one, other in near])
    table("two posts of two", [seen[one].likeness(seen[other]) for one, other in set(pairs) - set(near)])
    for words in (25, 55):
        excerpts = [Seen(make.excerpt(index, words)) for index in every]
        both_ways = [*near, *((other, one) for one, other in near)]
        table(f"{words} words of one, another of its repository", [excerpts[a].likeness(seen[b]) for a, b in both_ways])
    for name, version in {"next issue of a newsletter": make.next_issue, "notes of the next release": make.next_release}.items():
        versions = [Seen(version(index)) for index in every]
        table(name, [versions[index].likeness(seen[index]) for index in every])
        table(f"{name}, title unread", [stories.likeness(versions[index].words, seen[index].words) for index in every])
    began = time.process_time()
    for one in seen:
        stories.sketch(one.words)
    sketched = time.process_time()
    for one, other in pairs[:2000]:
        stories.likeness(seen[one].words, seen[other].words)
    compared = time.process_time()
    one, two = (sketched - began) / len(seen), (compared - sketched) / 2000
    print(f"\na sketch takes {1e6 * one:.0f} µs, a comparison {1e6 * two:.0f} µs")


def table(name: str, found: list[float], *, missed: bool = False) -> None:
    counts = [sum((value >= limit) != missed for value in found) for limit in THRESHOLDS]
    shown = [f"{100 * count / len(found):5.1f}%" if missed else f"{count:6}" for count in counts]
    print(f"{name:>42} {len(found):>9}", *shown)


if __name__ == "__main__":
    main()
