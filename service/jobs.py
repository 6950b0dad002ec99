"""Work in the background, over REST. It is asked for here, and done elsewhere: see `background`."""

from typing import TYPE_CHECKING, Any

from flask import Flask, Response

from model import strict_json
from model.posts import timestamp
from service import background, bodies, schemas
from service.access import may_write, must_write
from service.library import WHO, Working
from service.openapi import JSON
from service.problems import ProblemError, pointer
from service.repeats import once
from service.serving import Serving
from service.settings import Settings
from service.storage import Storage

if TYPE_CHECKING:
    from service.store import Job, Kind

_SHOWN = 50  # jobs in the list


def register(app: Flask, settings: Settings, serving: Serving, storage: Storage, working: Working) -> None:
    """The routes of jobs."""

    def answer(job: "Job", status: int = 200) -> Response:
        log = [{"at": timestamp(line.at), "text": line.text} for line in job.log] if may_write(settings) else None
        body = {"model": serving.now().version.name, **_shown(job, settings), "log": log}
        headers = {"Location": f"/v1/jobs/{job.id}"} if status == 202 else {}
        return Response(strict_json.dumps(body), status, headers, content_type=JSON)

    def asked(kind: "Kind", options: dict[str, Any]) -> Response:
        """A second one is refused rather than told of the first: that may have been asked for in another way."""
        store = storage.store()
        job, is_new = store.add_job(kind, options, WHO, now=store.now())
        if not is_new:
            address = f"/v1/jobs/{job.id}"
            detail = f"one to {kind} is {job.state} already, {address}: let it end, or stop it"
            raise ProblemError(409, detail, headers={"Location": address})
        return answer(job, 202)

    @app.post("/v1/retrain")
    def retrain() -> Response:
        must_write(settings)
        given = bodies.filled(schemas.RetrainIn, settings.max_bytes)
        _must_map(given)
        with working():
            options = given.model_dump(exclude_defaults=True)
            return once(storage, lambda: asked("retrain", options))

    @app.post("/v1/retag")
    def retag() -> Response:
        must_write(settings)
        bodies.filled(schemas.RetagIn, settings.max_bytes)
        with working():
            wanted = background.target(settings)
            if wanted is None:
                raise ProblemError(409, "there is no current version to tag by; the log of the server says more")
            return once(storage, lambda: asked("retag", wanted))

    @app.get("/v1/jobs")
    def jobs() -> Response:
        with working():
            listed = [_shown(job, settings) for job in storage.store().jobs(limit=_SHOWN)]
        return Response(strict_json.dumps({"model": serving.now().version.name, "jobs": listed}), content_type=JSON)

    @app.get(f"/v1/jobs/<int(max={schemas.MAX_NUMBER}):number>")
    def job(number: int) -> Response:
        with working():
            return answer(storage.store().job(number))

    @app.delete(f"/v1/jobs/<int(max={schemas.MAX_NUMBER}):number>")
    def stop(number: int) -> Response:
        must_write(settings)
        with working():
            store = storage.store()
            stopped = store.stop_job(number, store.now())
            return answer(stopped, 200 if stopped.has_ended else 202)


def _must_map(given: schemas.RetrainIn) -> None:
    """Refuse a mapping of topics that the starter corpus does not have, before anybody waits for that."""
    from training import starter

    known = [topic.name for topic in starter.topics()]
    for name in given.map or ():
        if name not in known:
            detail = f"the starter corpus has no topic {name[:80]!r}; it has {', '.join(known)}"
            raise ProblemError(422, detail, errors=[{"detail": detail, "pointer": pointer("map", name)}])


def _shown(job: "Job", settings: Settings) -> dict[str, Any]:
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "stopping": job.stopping,
        "options": dict(job.options),
        "progress": {"done": job.done, "of": job.steps, "what": job.what},
        "result": job.result,
        # What failed may be named with a folder of this machine.
        "error": job.error if may_write(settings) else None,
        "asked_by": job.asked_by,
        "asked": timestamp(job.asked),
        "began": timestamp(job.began),
        "ended": timestamp(job.ended),
    }
