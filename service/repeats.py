"""A request that is sent twice is done once: the header Idempotency-Key, as draft-ietf-httpapi-idempotency-key-header has it.

Who hears nothing of what was asked for asks again with the same key, and gets the answer that was given, from whichever
server shares the store; what is done and its answer are one transaction. What was refused is not remembered, since nothing
was done: it is asked anew. A key is kept for a day.
"""

import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from flask import Response, g, request

from model.errors import LeaseError, StoreError
from service.problems import ProblemError
from service.storage import Storage

HEADER = "Idempotency-Key"
# The draft has it in quotes, most clients have not.
PATTERN = r"^(\"[A-Za-z0-9._~:/+=\-]{1,255}\"|[A-Za-z0-9._~:/+=\-]{1,255})$"
_KEY = re.compile(PATTERN.removesuffix("$") + r"\Z")
_HELD = timedelta(seconds=30)  # until one whose process was killed can be begun again


def once(storage: Storage, do: Callable[[], Response]) -> Response:
    """Answer a request, which has been read whole: what `do` answers, or has answered to the same request. Raises
    ProblemError for a key that is none (400), that is worked on (409), or that was another request's (422)."""
    key = request.headers.get(HEADER)
    if key is None:
        return do()
    if not _KEY.match(key):
        raise ProblemError(400, f"{HEADER} is 1 to 255 of A-Z, a-z, 0-9 and ._~:/+=-, in quotes or without, such as a UUID")
    from service.store import Answer

    store, digest = storage.store(), _digest()
    ours = store.claim_request(_sha256(key.strip('"').encode()), digest, store.now(), _HELD)
    if ours.digest != digest:
        raise ProblemError(422, f"this {HEADER} was another request's; a new request has a new one")
    if ours.answer is not None:
        return Response(ours.answer.body, ours.answer.status, dict(ours.answer.headers))
    if ours.lease is None:
        raise ProblemError(409, f"the request with this {HEADER} is worked on still", headers={"Retry-After": "1"})
    try:
        with store.together():
            answer = do()
            headers = {name: answer.headers[name] for name in ("Content-Type", "Location") if name in answer.headers}
            store.answer_request(ours, Answer(answer.status_code, headers, answer.get_data(as_text=True)))
        return answer
    except LeaseError as error:
        raise ProblemError(409, f"nothing was done: {error.problem}", headers={"Retry-After": "1"}) from None
    except Exception:
        with suppress(StoreError):  # its lease will end
            store.release_request(ours)
        raise


def _digest() -> str:
    """Of all that makes a request what it is."""
    return _sha256("\n".join([request.method, request.full_path, request.mimetype, _sha256(g.body)]).encode("utf-8", "replace"))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
