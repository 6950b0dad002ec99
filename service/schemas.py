"""What requests and answers of the REST interface look like, as types: requests are checked by them, and the OpenAPI
document is made from them.

pydantic, because the same model checks, names the field at fault, and writes JSON Schema 2020-12, which OpenAPI 3.1 is
made of.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from model import summarizer

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


Score = Annotated[float, Field(ge=0, le=1)]
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
