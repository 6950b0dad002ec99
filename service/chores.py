"""The commands `jobs`: what is done in the background, from where the service runs."""

import logging.config
from argparse import Namespace
from collections.abc import Callable

from model.errors import InputError, TopicwireError
from model.posts import timestamp
from service.counted import counted
from service.settings import Settings
from service.store import Job, Store

Say = Callable[[TopicwireError], None]


def show_all(options: Namespace, settings: Settings, say: Say) -> bool:
    with _store(settings) as store:
        for job in store.jobs():
            print(_line(job))
    return True


def show(options: Namespace, settings: Settings, say: Say) -> bool:
    with _store(settings) as store:
        job = store.job(options.job)
    print(_line(job))
    for line in job.log:
        print(f"    {timestamp(line.at)}  {line.text}")
    for name, value in (job.result or {}).items():
        if isinstance(value, str | int) and value != "":
            print(f"    {name}: {value}")
    return True


def stop(options: Namespace, settings: Settings, say: Say) -> bool:
    with _store(settings) as store:
        job = store.stop_job(options.job, store.now())
    print(f"job {job.id}: " + ("it has been told to stop" if job.stopping else job.state))
    return True


def work(options: Namespace, settings: Settings, say: Say) -> bool:
    """Until SIGTERM or SIGINT."""
    from service.background import Background
    from service.logs import configuration

    logging.config.dictConfig(configuration(settings.log_level))
    Background(settings, parent=options.parent).run()
    return True


def _store(settings: Settings) -> Store:
    if not settings.has_store:
        raise InputError("nothing is stored here yet, so there are no jobs", subject=str(settings.database))
    return Store.open(settings)


def _line(job: Job) -> str:
    how: str = job.state
    if job.error:
        how += f": {job.error}"
    elif job.result is not None:
        result = job.result
        did = (
            f"{result['version']} {result['decision']}" if job.kind == "retrain" else f"{counted(result['posts'], 'post')} tagged"
        )
        how += f": {did}"
    elif job.state == "running":
        how += f": {job.done} of {job.steps}, {job.what}" + ("; it has been told to stop" if job.stopping else "")
    return f"{job.id:5}  {job.kind:8}{job.asked:%Y-%m-%d %H:%M}  by {job.asked_by}  {how}"
