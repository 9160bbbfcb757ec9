"""Room: from the id of a deployment to the verdict on it.

Lives here: what has to be looked at for a verdict, and looking at it.
Never here: the rules of the verdict.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from runbook_lib import facts
from runbook_lib.aws import reading
from runbook_lib.aws.session import Session
from runbook_lib.facts.deployment_ids import ServiceDeploymentName, deployment_name
from runbook_lib.following import deployment as following
from runbook_lib.following.deployment import Snapshot, Watched
from runbook_lib.verdict import deployment as verdict
from runbook_lib.verdict.steady_state import SteadyState, probe_steady_state


def deployment_verdict(
    session: Session, *, cluster: str, service: str, deployment_id: str, wait: bool = False
) -> verdict.Verdict:
    """What became of this deployment: the id is the one that UpdateService replied with.

    The ARN of a service deployment is as good; its cluster and service are those that it names.
    Without `wait` from what AWS shows now: service events and service deployments outlive the entry
    in `deployments`. With it, the end is waited for. Only reads. Needs `ecs:DescribeServices`,
    `ListServiceDeployments`, `DescribeServiceDeployments`, `DescribeServiceRevisions`, `ListTasks`
    and `DescribeTasks`. Raises `BadParameter` for what is neither, before any call, and `NotThere`
    if there is no such cluster or service.
    """
    name = deployment_name(deployment_id)
    if isinstance(name, ServiceDeploymentName):
        return _verdict_on(session, name, wait=wait)
    longest = following.LONGEST if wait else timedelta()
    watched = following.watch(
        session,
        cluster=cluster,
        service=service,
        deployment_id=deployment_id,
        timeout=longest,
        tell=_nobody,
    )
    if watched.end == following.TIMED_OUT and not wait:
        watched = replace(watched, end=following.IN_PROGRESS)
    return judge_watched(session, watched, cluster=cluster, service=service)


def _verdict_on(session: Session, name: ServiceDeploymentName, *, wait: bool) -> verdict.Verdict:
    """The verdict on the deployment that a service deployment is about; the two ids have nothing
    in common. Where ECS does not list that deployment any more, the service deployment tells."""
    where = {"cluster": name.cluster, "service": name.service}
    found = reading.read_service(session, name.cluster, name.service)
    records = reading.read_service_deployments(session, name.cluster, name.service) if found else ()
    record = next((each for each in records if each.arn == name.arn), None)
    own = verdict.deployment_of(record, found) if record and found else ""
    if own:
        return deployment_verdict(session, **where, deployment_id=own, wait=wait)
    if found is None:
        raise following.not_there(session, **where)
    now = session.clock.now()
    tasks = reading.read_tasks(session, name.cluster, name.service)
    end = verdict.end_by_record(record, is_newest=records[:1] == (record,))
    watched = Watched(name.arn, end, (Snapshot(now, found),), None)
    return verdict.judge(
        watched,
        tasks=tasks,
        record=record,
        steady_state=probe_steady_state(found, tasks, now),
    )


def judge_watched(
    session: Session, watched: Watched, *, cluster: str, service: str
) -> verdict.Verdict:
    """The verdict on a deployment that has been watched, with the causes that AWS still shows."""
    if watched.end == following.GONE:
        return verdict.judge(watched)
    watched = _told_apart(watched)
    tasks = reading.read_tasks(session, cluster, service)
    return verdict.judge(
        watched,
        tasks=tasks,
        record=service_deployment_of(session, watched, cluster=cluster, service=service),
        steady_state=probe_steady_state(watched.last, tasks, session.clock.now()),
    )


def _told_apart(watched: Watched) -> Watched:
    """A deployment that one look neither lists nor tells of is not slow but unknown."""
    seen = any(each.service.deployment(watched.deployment_id) for each in watched.snapshots)
    last = watched.last
    told = last.failed_at(watched.deployment_id) or last.completed_at(watched.deployment_id)
    is_open = watched.end in (following.TIMED_OUT, following.IN_PROGRESS)
    return replace(watched, end=following.UNKNOWN) if is_open and not seen and not told else watched


def service_deployment_of(
    session: Session, watched: Watched, *, cluster: str, service: str
) -> facts.ServiceDeployment | None:
    """The service deployment that began with the watched deployment; None if AWS has none."""
    entry = verdict.first_seen(watched)
    last, own = watched.last, watched.deployment_id
    return verdict.record_of(
        reading.read_service_deployments(session, cluster, service),
        created_at=entry.created_at if entry else None,
        ended_at=last.failed_at(own) or last.completed_at(own),
        task_definition=entry.task_definition if entry else "",
    )


def read_steady_state(session: Session, *, cluster: str, service: str) -> SteadyState | None:
    """Is the service as it should be, now? None if there is no such service."""
    found = reading.read_service(session, cluster, service)
    if found is None:
        return None
    tasks = reading.read_tasks(session, cluster, service)
    return probe_steady_state(found, tasks, session.clock.now())


def last_failure(session: Session, *, cluster: str, service: str) -> Watched | None:
    """The newest deployment that a service event calls failed, as one look shows it."""
    found = reading.read_service(session, cluster, service)
    failed = found.last_failure if found else None
    if found is None or failed is None:
        return None
    deployment_id, failed_at = failed
    snapshot = Snapshot(session.clock.now(), found)
    end = following.end_of(deployment_id, [found]) or following.TIMED_OUT
    return Watched(deployment_id, end, (snapshot,), failed_at)


def _nobody(_: str) -> None:
    """The lines of a deployment that is only judged, not watched."""
