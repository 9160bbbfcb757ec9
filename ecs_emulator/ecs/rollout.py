"""Room: the life of a deployment.

Lives here: beginning, completing, failing and rolling back a deployment, with the record of the
service deployment and what is said of each.
Never here: when any of it is due, tasks, how something is said (announcements).

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
"""

from __future__ import annotations

from datetime import timedelta

from ecs_emulator.ecs.announcements import Announcements
from ecs_emulator.ecs.arithmetic import failure_threshold
from ecs_emulator.ecs.tasks.transitions import ROLLOUT, SERVICE_DEPLOYMENT, allow
from ecs_emulator.world import aws_events, service_events, timing
from ecs_emulator.world.messages import FailDeployment
from ecs_emulator.world.service_events import CAUSES, Cause
from ecs_emulator.world.state import (
    ACTIVE,
    COMPLETED,
    FAILED,
    IN_PROGRESS,
    INACTIVE,
    PRIMARY,
    Deployment,
    Service,
    ServiceDeployment,
    ServiceRevision,
    TaskDefinition,
)


class Rollout(Announcements):
    """Changes deployments and says so in all three places where ECS does."""

    # --- beginning --------------------------------------------------------------------------

    def begin(
        self, service: Service, definition: TaskDefinition, first_start: timing.Span
    ) -> Deployment:
        """A new PRIMARY, all its counts 0; the one before it becomes ACTIVE."""
        now = self._clock.now
        if service.service_deployments:
            self.stop_service_deployment(service)
        for each in service.deployments:
            each.status = ACTIVE
        revision = self._revision(service, definition)
        deployment_id = f"ecs-svc/{self._ids.number('deployment')}"
        wait = self._ids.between("first start", *first_start)
        settles = timing.SETTLE if service.desired_count else timing.EMPTY_DEPLOYMENT
        deployment = Deployment(
            id=deployment_id,
            task_definition=definition,
            revision_arn=revision.arn,
            spec=service.spec,
            created_at=now,
            updated_at=now,
            reason=service_events.in_progress_reason(deployment_id),
            can_start_at=now + timedelta(seconds=wait),
            settles_in=self._ids.between("settle", *settles),
        )
        service.service_deployments.append(self._record(service, deployment))
        service.deployments.insert(0, deployment)
        service.is_steady = False
        self.tell_deployment(service, deployment, aws_events.DEPLOYMENT_IN_PROGRESS)
        return deployment

    def _revision(self, service: Service, definition: TaskDefinition) -> ServiceRevision:
        head = service.arn.replace(":service/", ":service-revision/")
        revision = ServiceRevision(
            arn=f"{head}/{self._ids.number('revision')}",
            service_arn=service.arn,
            cluster_arn=service.cluster_arn,
            task_definition_arn=definition.arn,
            spec=service.spec,
            created_at=self._clock.now,
        )
        service.revisions.append(revision)
        return revision

    def _record(self, service: Service, deployment: Deployment) -> ServiceDeployment:
        head = service.arn.replace(":service/", ":service-deployment/")
        breaker = service.configuration.circuit_breaker
        sources = tuple(
            (each.revision_arn, each.counts.running)
            for each in service.deployments
            if each.counts.running
        )
        return ServiceDeployment(
            arn=f"{head}/{self._ids.url_safe('service deployment')}",
            service_arn=service.arn,
            cluster_arn=service.cluster_arn,
            deployment_id=deployment.id,
            created_at=self._clock.now,
            updated_at=self._clock.now,
            target_revision_arn=deployment.revision_arn,
            source_revisions=sources,
            breaker_status="MONITORING" if breaker.enable else "DISABLED",
            threshold=failure_threshold(breaker, service.desired_count),
            alarm_status="MONITORING" if service.configuration.alarms.enable else "DISABLED",
            alarm_names=service.configuration.alarms.names,
            configuration=service.configuration,
        )

    def pick_up(self, service: Service, deployment_id: str) -> None:
        """The scheduler takes it up: from now on it shows the desired count."""
        deployment = service.deployment(deployment_id)
        if deployment is None:
            return
        deployment.is_picked_up = True
        deployment.desired_count = service.desired_count
        record = service.service_deployment(deployment_id)
        if record is not None and record.status == "PENDING":
            record.started_at = self._clock.now
            self._move(record, "IN_PROGRESS")

    def note_failures(self, service: Service, deployment: Deployment) -> None:
        """What failed in a rollback does not count for the deployment that is rolled back."""
        record = service.service_deployment(deployment.id)
        if record is not None and not deployment.rolls_back:
            record.failure_count = deployment.failures
            record.updated_at = self._clock.now

    def note_settings(self, service: Service) -> None:
        """The threshold follows the desired count, and the breaker may be switched on the way."""
        record, breaker = self._record_in_progress(service), service.configuration.circuit_breaker
        if record is None:
            return
        record.configuration = service.configuration
        if record.breaker_status == "TRIGGERED":
            return
        record.threshold = failure_threshold(breaker, service.desired_count)
        record.breaker_status = "MONITORING" if breaker.enable else "DISABLED"

    def _move(self, record: ServiceDeployment, status: str, reason: str | None = None) -> None:
        record.status = allow(SERVICE_DEPLOYMENT, record.status, status)
        record.status_reason = reason or record.status_reason
        record.updated_at = self._clock.now

    def _end(self, service: Service, record: ServiceDeployment) -> None:
        """What has ended stays as it is, whatever becomes of the service."""
        record.finished_at = self._clock.now
        record.last_counts = service.target_counts(record)

    # --- ending -----------------------------------------------------------------------------

    def complete(self, service: Service) -> None:
        """The deployment, or the rollback to it, has succeeded. Others leave the list."""
        deployment, now = service.primary, self._clock.now
        deployment.rollout_state = allow(ROLLOUT, deployment.rollout_state, COMPLETED)
        deployment.reason = service_events.completed_reason(deployment.id)
        deployment.updated_at = now
        record = self._record_in_progress(service)
        if record is not None:
            rolled_back = record.status == "ROLLBACK_IN_PROGRESS"
            self._move(record, "ROLLBACK_SUCCESSFUL" if rolled_back else "SUCCESSFUL")
            self._end(service, record)
            if record.breaker_status == "MONITORING":
                record.breaker_status = "MONITORING_COMPLETE"
            if record.alarm_status == "MONITORING":
                record.alarm_status = "MONITORING_COMPLETE"
        deployment.rolls_back = False
        deployment.failures = 0
        service.deployments = [deployment]
        self.say(service, service_events.deployment_completed(service.name, deployment.id))
        self.tell_deployment(service, deployment, aws_events.DEPLOYMENT_COMPLETED)

    def _record_in_progress(self, service: Service) -> ServiceDeployment | None:
        """The one that is running now. Only the newest can be."""
        record = service.service_deployments[-1]
        return record if record.finished_at is None and record.stopped_at is None else None

    def fail(self, service: Service, action: FailDeployment) -> None:
        """FAILED, and in the same instant the rollback begins, if any."""
        failed, now, cause = service.primary, self._clock.now, CAUSES[action.cause]
        failed.rollout_state = allow(ROLLOUT, failed.rollout_state, FAILED)
        failed.reason = cause.failed_reason
        failed.updated_at = now
        text = service_events.deployment_failed(service.name, failed.id, cause.event)
        self.say(service, text)
        if cause.is_told:
            self.tell_deployment(
                service, failed, aws_events.DEPLOYMENT_FAILED, updated_at=failed.changed_at
            )
        wait = self._ids.between("after verdict", *timing.AFTER_VERDICT)
        service.acts_at = now + timedelta(seconds=wait)
        target = service.deployment(action.roll_back_to) if action.roll_back_to else None
        self._record_failure(service, failed, action, target)
        if target is not None:
            self._roll_back(service, failed, target, cause)

    def _record_failure(
        self,
        service: Service,
        failed: Deployment,
        action: FailDeployment,
        target: Deployment | None,
    ) -> None:
        record = self._record_in_progress(service)
        if record is None:
            return
        now, cause = self._clock.now, CAUSES[action.cause]
        if action.cause == "breaker":
            record.breaker_status = "TRIGGERED"
        if action.cause == "alarm":
            record.alarm_status, record.triggered_alarms = "TRIGGERED", failed.triggered_alarms
        if target is not None and record.status != "ROLLBACK_IN_PROGRESS":
            self._move(record, "ROLLBACK_IN_PROGRESS", cause.record_reason)
            record.rollback_started_at = now
            record.rollback_reason = cause.record_reason
            record.rollback_revision_arn = target.revision_arn
            return
        if action.wants_rollback:
            self._move(record, "ROLLBACK_FAILED", service_events.NO_ROLLBACK_CANDIDATE)
            self._end(service, record)
            return
        self._move(record, "STOPPED")
        record.stopped_at = now
        self._end(service, record)

    def _roll_back(
        self, service: Service, failed: Deployment, target: Deployment, cause: Cause
    ) -> None:
        """The old deployment is PRIMARY again under its old id; no new one is made."""
        failed.status, target.status = ACTIVE, PRIMARY
        target.rollout_state = allow(ROLLOUT, target.rollout_state, IN_PROGRESS)
        target.reason = f"{cause.rolling_back_reason} {target.id}."
        target.updated_at = self._clock.now
        target.rolls_back, target.failures, target.verdict_at = True, 0, None
        wait = self._ids.between("rollback start", *timing.ROLLBACK_TO_FIRST_START)
        target.can_start_at = self._clock.now + timedelta(seconds=wait)
        target.desired_count = service.desired_count
        service.deployments.remove(target)
        service.deployments.insert(0, target)
        self.say(service, service_events.rolling_back(service.name, target.id))
        self.tell_deployment(service, target, aws_events.DEPLOYMENT_IN_PROGRESS)

    def request_stop(self, record: ServiceDeployment, *, rollback: bool) -> None:
        """A person asks; the scheduler acts on it a moment later."""
        self._move(record, "ROLLBACK_REQUESTED" if rollback else "STOP_REQUESTED")

    def stop_service_deployment(self, service: Service) -> None:
        """Deleting a service, or deploying something else, ends what was being deployed."""
        record = self._record_in_progress(service)
        if record is not None:
            if record.breaker_status == "MONITORING":
                record.breaker_status = "MONITORING_COMPLETE"
            self._move(record, "STOPPED")
            record.stopped_at = self._clock.now
            self._end(service, record)

    def remove(self, service: Service) -> None:
        """The last task is gone: INACTIVE, still described for a while, without deployments."""
        service.status = INACTIVE
        service.deployments = service.deployments[:1]
