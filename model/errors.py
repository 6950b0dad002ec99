"""One family of exceptions, and one style of message: what failed, on what, what to do."""


class TopicwireError(Exception):
    """Anything that a user of topicwire can cause and can mend.

    `problem` says what is wrong and, where it helps, what to do. `subject` names what it is wrong with: a file,
    a line, a version, a setting. `pointer` is the JSON Pointer (RFC 6901) of the field at fault, where there is one.
    """

    def __init__(self, problem: str, *, subject: str = "", pointer: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.subject = subject
        self.pointer = pointer

    def __str__(self) -> str:
        field = f" at {self.pointer}" if self.pointer else ""
        return f"{self.subject}{field}: {self.problem}" if self.subject else f"{self.problem}{field}"

    def about(self, subject: str) -> "TopicwireError":
        """Name what the error is about, where the raiser could not know it; the innermost name stays."""
        self.subject = self.subject or subject
        return self


class FeedError(TopicwireError):
    """Bytes that cannot be read as a feed."""


class PostError(TopicwireError):
    """A post whose fields are not what a post's fields are."""


class ExampleError(TopicwireError):
    """Labelled examples that cannot be learnt from."""


class VersionError(TopicwireError):
    """A model version that is missing, damaged, foreign or too new."""


class SettingError(TopicwireError):
    """A setting whose value cannot be used."""


class InputError(TopicwireError):
    """An input or output that cannot be opened, fetched or written."""


class StoreError(TopicwireError):
    """A store that cannot be opened, read or written; what was stored before is untouched."""


class NotStoredError(StoreError):
    """A source or a post that the store does not have."""


class LeaseError(StoreError):
    """A source that another poller has taken over meanwhile; nothing of the poll was stored."""
