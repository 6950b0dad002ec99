"""What requests and answers of the REST interface look like, as types: requests are checked by them, and the OpenAPI
document is made from them.

pydantic, because the same model checks, names the field at fault, and writes JSON Schema 2020-12, which OpenAPI 3.1 is
made of.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from model import summarizer
from model.posts import parse_timestamp

MAX_NUMBER = 2**63 - 1  # of a source
MAX_TITLE = 1_000  # of a source, and of its folder
MAX_WHO = 200  # as of training.examples, which who serves does without

_EITHER_BODY: dict[str, Any] = {
    "oneOf": [
        {"required": ["html"], "properties": {"html": {"type": "string"}, "text": {"type": "null"}}},
        {"required": ["text"], "properties": {"text": {"type": "string"}, "html": {"type": "null"}}},
    ]
}


class PostIn(BaseModel):
    """A post, its body in `html` or in `text`. Fields that are not listed come back untouched from `/v1/tag`."""

    model_config = ConfigDict(extra="allow", strict=True, title="Post", json_schema_extra=_EITHER_BODY)

    id: str | int | None = Field(None, description="comes back as it is; made from link or content if left out")
    title: str | None = Field(None, description="plain text; weighs more than the body")
    html: str | None = Field(None, description="the body as HTML")
    text: str | None = Field(None, description="the body as plain text, paragraphs separated by blank lines")
    link: str | None = Field(None, description="http or https; anything else is dropped")
    published: str | None = Field(None, description="RFC 3339")
    source: str | None = None


class PostsIn(BaseModel):
    """Posts to work on, in one batch."""

    model_config = ConfigDict(extra="forbid", strict=True, title="Posts")

    posts: list[PostIn]


def _whole(value: Any) -> Any:
    """JSON has one kind of number: 2.0 is an integer to JSON Schema."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Natural = Annotated[int, BeforeValidator(_whole)]


_NAME = "^[a-z0-9]([a-z0-9_\\-]{0,62}[a-z0-9])?$"
_LABEL: dict[str, Any] = {"type": "string", "pattern": _NAME, "not": {"enum": ["none", "all"]}}


class ExampleIn(PostIn):
    """A labelled post. Fields that are not listed are kept, and come back."""

    model_config = ConfigDict(title="Example")

    topics: list[Annotated[str, WithJsonSchema(_LABEL)]] = Field(description="[] for none; other topics than the model's may be")
    who: str | None = Field(None, max_length=MAX_WHO, description="who labelled it")
    at: str | None = Field(None, description="when, RFC 3339; now if left out")
    weak: bool | None = Field(None, description="given by a feed's categories, not by a person")


class ExamplesIn(BaseModel):
    """Labelled posts to keep for every retraining to come: all of them, or none."""

    model_config = ConfigDict(extra="forbid", strict=True, title="Examples")

    examples: list[ExampleIn] = Field(min_length=1)
    who: str | None = Field(None, max_length=MAX_WHO, description="who labelled those that do not say")


class WhoQuery(BaseModel):
    """Who labelled examples that do not say, beside JSONL."""

    model_config = ConfigDict(extra="forbid")

    who: str | None = Field(None, max_length=MAX_WHO, description="who labelled those that do not say")


class Length(BaseModel):
    """How long summaries may be: fields beside posts, parameters of the query beside a feed document."""

    model_config = ConfigDict(extra="forbid")

    sentences: Natural = Field(
        summarizer.SENTENCES, ge=1, le=summarizer.MOST_SENTENCES, description="sentences of a summary at most"
    )
    max_words: Natural = Field(summarizer.MAX_WORDS, ge=1, le=10_000, description="words of a summary at most")


class PostsToSummarizeIn(Length, PostsIn):
    """Posts to work on, in one batch, and how long their summaries may be."""

    model_config = ConfigDict(extra="forbid", strict=True, title="Posts to summarize")


class TopicsIn(BaseModel):
    """The topics that a post has, in the eyes of a reader."""

    model_config = ConfigDict(extra="forbid", strict=True, title="Topics")

    topics: list[str] = Field(description="[] for none")


class SourceIn(BaseModel):
    """A feed to subscribe to."""

    model_config = ConfigDict(extra="forbid", strict=True, title="Source")

    url: str = Field(description="of the feed, http or https")
    title: str | None = Field(None, max_length=MAX_TITLE, description="what to call it, instead of what the feed says")
    folder: str | None = Field(None, max_length=MAX_TITLE, description="a/b is b in a")


TopicName = Annotated[str, Field(pattern=_NAME)]


class RetrainIn(BaseModel):
    """How to retrain. Left out is what `topicwire retrain` does by itself."""

    model_config = ConfigDict(extra="forbid", strict=True, title="Retrain")

    force: str | None = Field(
        None, pattern=r"\S", max_length=1_000, description="why to promote whatever the gate says; it is kept"
    )
    dry_run: bool = Field(False, description="only say what the gate would; write nothing")
    no_starter: bool = Field(False, description="learn from the examples only")
    map: dict[str, TopicName] | None = Field(
        None, description="of the starter corpus, learn only the topics mapped, by your own names"
    )
    new_topics: list[TopicName] | None = Field(None, max_length=1_000, description="topics that are new, and no slip")
    seed: Natural = Field(0, ge=0, lt=1 << 32, description="of the folds")


class RetagIn(BaseModel):
    """Nothing to choose: it is the posts that the current version has not tagged."""

    model_config = ConfigDict(extra="forbid", strict=True, title="Retag")


Score = Annotated[float, Field(ge=0, le=1)]


def _moment(value: Any) -> datetime:
    moment = parse_timestamp(value) if isinstance(value, str) else None
    if moment is None:
        raise ValueError("it is no date of RFC 3339, such as 2026-06-09T19:00:00Z")
    return moment


Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]


class WireQuery(BaseModel):
    """What a wire can be narrowed down by."""

    model_config = ConfigDict(extra="forbid")

    source: int | None = Field(None, ge=1, le=MAX_NUMBER, description="posts of one source only, by its number")
    min_score: Score | None = Field(
        None, description="posts with a topic (the one asked for, if one is) of at least this score; a reader's word is 1"
    )
    limit: int = Field(50, ge=1, le=1_000, description="posts at most, the newest")


class PostsQuery(WireQuery):
    """The same, and words, and pages."""

    topic: str | None = Field(None, description="posts with this topic; `none`: without any; `all`")
    q: str | None = Field(None, description="posts with all of these words; `kube*` is the beginning of one")
    since: Moment | None = Field(None, description="posts published, or found, since then (RFC 3339)")
    order: Literal["newest", "uncertain"] = Field(
        "newest", description="`uncertain`: posts that nobody has corrected, those whose label would teach most first"
    )
    cursor: str | None = Field(None, description="of the page before, which links to this one; it means nothing by itself")


class ExamplesQuery(BaseModel):
    """Pages of examples."""

    model_config = ConfigDict(extra="forbid")

    limit: int | None = Field(None, ge=1, le=1_000, description="examples at most; 50 if left out, all of them as JSONL")
    cursor: str | None = Field(None, description="of the page before, which links to this one; it means nothing by itself")


Evidence = dict[str, list[tuple[str, float]]]


class Classified(BaseModel):
    id: str | int
    topics: list[str] = Field(description="topics given, highest score first; empty = none")
    scores: dict[str, Score] = Field(description="calibrated probability of every topic")
    evidence: Evidence = Field(description="for each topic given, the terms that weighed most, with signed contributions")


class Summarized(BaseModel):
    id: str | int
    summary: list[str] = Field(description="sentences of the post, verbatim, in reading order")


class Tagged(BaseModel):
    """A tagged post, as `topicwire tag` writes it."""

    model_config = ConfigDict(extra="allow")

    id: str | int
    title: str
    link: str | None
    published: str | None
    source: str | None
    topics: list[str]
    scores: dict[str, Score]
    evidence: Evidence
    summary: list[str]
    model: str


class ClassifyAnswer(BaseModel):
    model: str = Field(description="the version that answered")
    results: list[Classified]


class SummarizeAnswer(BaseModel):
    model: str
    results: list[Summarized]


class Correction(BaseModel):
    instead_of: list[str] = Field(description="the topics that the model gave")
    who: str
    at: str


class Stored(Tagged):
    """A tagged post, and what the store knows of it. `topics` are those that hold: a reader's, else the model's."""

    key: str = Field(description="its address, 32 hexadecimal digits")
    sources: list[int] = Field(description="all sources that have the story")
    first_seen: str
    changed: str = Field(description="when its content last changed")
    correction: Correction | None


class PostsAnswer(BaseModel):
    model: str = Field(description="the version that serves; each post names the one that tagged it")
    results: list[Stored]


class ExampleOut(BaseModel):
    """A labelled post, as it can be brought in again."""

    model_config = ConfigDict(extra="allow")

    id: str | int
    title: str
    link: str | None
    published: str | None
    source: str | None
    topics: list[str]
    who: str
    at: str
    weak: bool = Field(description="given by a feed's categories, not by a person")


class ExamplesAnswer(BaseModel):
    model: str
    examples: list[ExampleOut] = Field(description="examples and corrections, what was said later later")


class ExamplesAdded(BaseModel):
    """What became of examples that were brought in."""

    model: str
    new: int
    changed: int = Field(description="who said them had said otherwise before")
    same: int


class ExamplesRemoved(BaseModel):
    model: str
    examples: int = Field(description="how many were said of the post")


class SourceOut(BaseModel):
    """A subscribed feed."""

    id: int
    url: str | None = Field(description="of its feed; null for who may not write, since it may hold a key")
    title: str = Field(description="what it is called: by its subscriber, else by itself")
    folder: str = Field(description="a/b is b in a")
    site: str | None
    state: str = Field(description="active or gone")
    added: str
    polled: str | None
    next_poll: str
    failures: int = Field(description="polls that failed in a row")


class SourcesAnswer(BaseModel):
    model: str
    sources: list[SourceOut]


class SourceAnswer(SourceOut):
    """A subscribed feed."""

    model: str


class Removed(BaseModel):
    """What went with a source, and what stayed."""

    model: str
    posts: int
    examples: int = Field(description="corrected posts that stay as labelled examples")


class JobProgress(BaseModel):
    done: int = Field(description="steps to retrain, posts to tag again")
    of: int
    what: str = Field(description="what is being done")


class JobLine(BaseModel):
    at: str
    text: str


class JobOut(BaseModel):
    """Work in the background."""

    id: int
    kind: Literal["retrain", "retag"]
    state: Literal["waiting", "running", "done", "failed", "stopped"]
    stopping: bool = Field(description="it has been told to stop, and will")
    options: dict[str, Any]
    progress: JobProgress
    result: dict[str, Any] | None = Field(
        description="once it is done: of `retrain` the version and the gate's verdict with its figures, a refusal included; "
        "of `retag` the version, how many posts it tagged, and the numbers of those that it could not"
    )
    error: str | None = Field(description="why it failed; null for who may not write")
    asked_by: str
    asked: str
    began: str | None
    ended: str | None


class JobAnswer(JobOut):
    """Work in the background, and how it went."""

    model: str
    log: list[JobLine] | None = Field(description="null for who may not write")


class JobsAnswer(BaseModel):
    model: str
    jobs: list[JobOut] = Field(description="the newest first")


class TagAnswer(BaseModel):
    model: str
    results: list[Tagged]
    warnings: list[str] = Field(description="what was wrong with a feed that could be read all the same")


class TopicOut(BaseModel):
    name: str
    title: str
    description: str
    threshold: Score = Field(description="the score from which the topic is given")


class TopicsAnswer(BaseModel):
    model: str
    topics: list[TopicOut]


class ModelAnswer(BaseModel):
    model: str
    made: str | None
    metrics: dict[str, float]
    provenance: dict[str, Any]


class HeldOut(BaseModel):
    """Macro F1 on labelled posts that a version had not learnt from, and its 95 % interval."""

    value: Score
    low: Score
    high: Score
    posts: int


class VersionSummary(BaseModel):
    """A model version in few words."""

    version: str
    current: bool = Field(description="whether `current` names it; what is asked from then on is answered by it")
    made: str | None
    examples: int | None = Field(description="that it learnt from")
    topics: list[str]
    out_of_fold_macro_f1: float | None = Field(description="by its own examples, each scored without having been learnt")
    held_out: HeldOut | None = Field(description="by the gate; null where it was not asked, or had nothing to judge by")
    decision: str | None = Field(description="of the gate: first, promoted, forced or refused; null where it was not asked")
    why: str | None
    problem: str | None = Field(description="why it cannot be loaded; null for one that can")


class VersionsAnswer(BaseModel):
    model: str
    current: str | None = Field(description="the version that is to serve; null where that cannot be told")
    versions: list[VersionSummary] = Field(description="the newest first")


class VersionAnswer(VersionSummary):
    """All that is known of a model version."""

    model: str
    metrics: dict[str, float]
    provenance: dict[str, Any]
    verdict: dict[str, Any] | None = Field(description="what the gate said of it, with its figures")


class Promoted(BaseModel):
    """A version that has been made the one that serves."""

    model: str = Field(description="the version that serves now: here at once, in other workers within two seconds")
    before: str = Field(description="the version that served this request as it began")
    passed_over: list[str] = Field(description="what is wrong with versions that a rollback had to pass over")


class Health(BaseModel):
    status: str
    model: str


class Fault(BaseModel):
    detail: str
    pointer: str = Field(description="JSON Pointer of the field at fault, as a URI fragment")


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[Fault] = Field(default_factory=list)
