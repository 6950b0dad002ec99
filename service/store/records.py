"""What goes into the store and what comes out of it, as plain frozen objects."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict
from urllib.parse import urlsplit

from model import strict_json
from model.pace import Pace
from model.posts import Post, TaggedPost
from training.examples import Example

State = Literal["active", "gone"]
# What polling counts: polls by outcome, seconds by stage, posts that were stored by topic ("none": those without), and
# warnings of feeds by kind.
CountOf = Literal["polls", "seconds", "posts", "warnings"]
# new: the feed came, and is read; unchanged: the server said so (304); failed: anything else; gone: 410, or moved to a
# feed that is a source of its own. Whether a feed that came had new posts is in the counts.
Outcome = Literal["fetched", "unchanged", "failed", "gone"]

Kind = Literal["retrain", "retag"]
JobState = Literal["waiting", "running", "done", "failed", "stopped"]


@dataclass(frozen=True, slots=True)
class NewSource:
    """A feed to subscribe to."""

    url: str
    title: str = ""  # the feed's own, where it is known already
    title_override: str | None = None
    folder: str = ""  # "a/b" is b in a
    site: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A subscribed feed."""

    id: int
    url: str
    title: str  # the feed's own; "" before the first poll
    title_override: str | None  # what the user calls it
    folder: str
    site: str | None  # the page that the feed belongs to
    etag: str | None
    last_modified: str | None
    added: datetime
    polled: datetime | None  # when it was last asked, whatever came of it
    next_poll: datetime
    failures: int  # in a row
    state: State
    lease: str | None  # of the poller that has claimed it
    pace: Pace  # how often the feed asks to be read

    @property
    def name(self) -> str:
        """What to call it."""
        return self.title_override or self.title or brief(self.url)


class SourceChanges(TypedDict, total=False):
    """What a user can change of a source; what is left out stays."""

    url: str
    title_override: str | None
    folder: str
    site: str | None
    state: State
    next_poll: datetime


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server wants to hear at the next conditional GET."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class PolledPost:
    """A post that is new or changed, tagged."""

    tagged: TaggedPost
    canonical: str | None = None  # the link that the same story has everywhere


@dataclass(frozen=True, slots=True)
class Poll:
    """What came of asking a source once."""

    source: int
    lease: str | None  # as claimed
    at: datetime
    outcome: Outcome
    seconds: float
    next_poll: datetime
    status: int | None = None  # of HTTP
    error: str | None = None
    posts: Sequence[PolledPost] = ()  # as the feed has them, newest first; those that are known and unchanged may be left out
    validators: Validators | None = None  # None: those of before still hold
    title: str | None = None  # the feed's; None: as before
    site: str | None = None
    pace: Pace | None = None
    moved: str | None = None  # the URL that it redirects to for good


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a poll brought."""

    new: int
    changed: int


@dataclass(frozen=True, slots=True)
class PastPoll:
    """One line of a source's history."""

    source: int
    at: datetime
    outcome: Outcome
    status: int | None
    seconds: float
    new: int
    changed: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Correction:
    """The topics that a reader gave a post, and the post as it was then."""

    number: int
    post_number: int | None  # None: the post is no longer stored
    post: Post
    topics: tuple[str, ...]  # sorted, distinct; () = none
    who: str
    at: datetime
    until: datetime | None  # when it was withdrawn, or another took its place; None: it holds

    @property
    def example(self) -> Example:
        return Example(self.post, self.topics, self.who, self.at)


@dataclass(frozen=True, slots=True)
class Added:
    """What became of examples that were brought in."""

    new: int
    changed: int  # who said them had said otherwise before
    same: int


@dataclass(frozen=True, slots=True)
class ExamplesPage:
    """Some examples, what was said later later, and the cursor of the page after; None: there is none."""

    examples: list[Example]
    next: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered with."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """What is known of a request that may have been sent before."""

    key: str
    digest: str  # of the request that had the key first
    lease: str | None  # ours: it is to be worked on, and nobody else does
    answer: Answer | None  # what it was answered with


@dataclass(frozen=True, slots=True)
class StoredPost:
    """A post with the model's answer, and what the store knows of it."""

    number: int  # its row; where the story's first post goes, the next one has its number
    key: str  # its address: 32 hexadecimal digits, fit for a URL; stays with it
    tagged: TaggedPost  # the model's answer, as it was; `source` is the source's name
    source: int
    sources: tuple[int, ...]  # all that have the story, the one that had it first before the others
    hash: str
    canonical: str | None
    original: int | None  # number of the post that tells the same story and is listed in place of this one
    first_seen: datetime
    changed: datetime  # when the content last changed here; first_seen if it never did
    placed: datetime  # where it stands in lists: the time it was published, or found, whichever was first
    correction: Correction | None

    @property
    def topics(self) -> list[str]:
        """The topics that hold: a reader's, else the model's."""
        return list(self.correction.topics) if self.correction else self.tagged.topics


@dataclass(frozen=True, slots=True)
class Page:
    """Some posts, newest first, and the cursor of the page after; None: there is none."""

    posts: list[StoredPost]
    next: str | None


@dataclass(frozen=True, slots=True)
class Removed:
    """What went with a source, and what stayed as labelled examples."""

    posts: int
    examples: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a job's log."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Job:
    """Work in the background."""

    id: int
    kind: Kind
    state: JobState
    options: Mapping[str, Any]
    done: int  # of so many steps
    steps: int
    what: str  # what is being done; "" where there is nothing to say
    result: Mapping[str, Any] | None  # None before it is done
    error: str | None  # why it failed
    log: Sequence[Line]
    stopping: bool  # somebody wishes it to end
    asked_by: str
    asked: datetime
    began: datetime | None
    ended: datetime | None
    tries: int  # how often it was begun since it last got on
    lease: str | None  # of the process that has it
    lease_until: datetime | None  # of one that waits: when it may be begun

    @property
    def has_ended(self) -> bool:
        return self.state not in ("waiting", "running")


@dataclass(frozen=True, slots=True)
class Week:
    """For metrics: the posts that were published, or found, in the last seven days."""

    posts: int
    without_topic: int  # of these
    scores: dict[str, float]  # topic -> mean score of these; a reader's word is 1 or 0


@dataclass(frozen=True, slots=True)
class Figures:
    """For metrics."""

    sources: dict[State, int]
    due: int  # sources that should have been asked by now
    oldest_unpolled: timedelta | None  # longest time that an active source has not been asked; None: no active source
    corrections: int  # those that hold
    counts: Mapping[CountOf, Mapping[str, float]]  # what polling has counted, by label
    jobs: Mapping[tuple[Kind, JobState], int]  # those that are kept


def brief(name: str) -> str:
    """What a source is called before its title is known: the host of its URL. The rest may hold a key to the feed, and
    names are shown on wires."""
    return urlsplit(name).hostname or name if name.startswith(("http://", "https://")) else name


def content_hash(post: Post) -> str:
    """32 hexadecimal digits that change when the content does: title, body, link, authors or categories. Dates do not
    count: some feeds say "now" at every poll."""
    content = [post.title, post.html, post.text, post.link, list(post.authors), list(post.categories)]
    return hashlib.sha256(strict_json.dumps(content)).hexdigest()[:32]


def post_key(source: int, identity: str | int) -> str:
    """32 hexadecimal digits for a source's post of that id. An id can be longer than what a database indexes."""
    return hashlib.sha256(strict_json.dumps([source, str(identity)])).hexdigest()[:32]
