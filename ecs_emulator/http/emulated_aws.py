"""Room: the whole emulated account, put together.

Lives here: which part answers which request, and what the world holds when it is new.
Never here: sockets, rules of any service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from ecs_emulator.access.gate import Permissions
from ecs_emulator.account.account import ACCOUNT_ID, Account
from ecs_emulator.api import EcsApi
from ecs_emulator.api.context import Context, Neighbours, Place
from ecs_emulator.ecs.engine import Engine
from ecs_emulator.ecs.outside import Outside
from ecs_emulator.ecs.tasks.fates import Fate, Surroundings, fate_of, unable_to_assume
from ecs_emulator.ecs.tasks.health import Checker
from ecs_emulator.ecs.tasks.target_health import reason_for, target_checker
from ecs_emulator.messaging.deliveries import AttemptDelivery
from ecs_emulator.wire.call_faults import UNHARMED, CallFaults, Strike
from ecs_emulator.wire.faults import Faults
from ecs_emulator.wire.http_messages import HttpRequest, HttpResponse, unsigned
from ecs_emulator.world.aws_events import Event
from ecs_emulator.world.clock import FIRST_MOMENT, FROZEN, Clock
from ecs_emulator.world.configuration import HealthCheck
from ecs_emulator.world.ids import Ids
from ecs_emulator.world.images import EcrReference, Images
from ecs_emulator.world.state import Cluster, Service, Task, TaskDefinition

HOME_REGION = "eu-west-1"
CHANGES_CHECKS = {("elasticloadbalancing", "ModifyTargetGroup")}
"""Calls after which a target group may find its targets otherwise."""
ECS_TARGET = "AmazonEC2ContainerServiceV20141113."


class EmulatedAws:
    """An account that has used ECS before: default VPC, `default` cluster, execution role."""

    def __init__(
        self, *, seed: int = 1, start: datetime = FIRST_MOMENT, speed: float = FROZEN
    ) -> None:
        self.seed, self._start = seed, start
        self.clock = Clock(start, speed)
        self._build()

    def _build(self) -> None:
        self.ids = Ids(self.seed)
        self.images = Images()
        self.faults = Faults()
        self.set_faults(self.faults)
        self.account = Account(self.clock, self.ids)
        self.engine = Engine(
            account_id=ACCOUNT_ID,
            clock=self.clock,
            ids=self.ids,
            fate_of=self._fate_of,
            subnets_of=self._subnets_of,
            publish=self._publish,
            outside=Outside(
                target_checkers=self._target_checkers,
                sicknesses=lambda: self.faults.sick_tasks,
                complaint=self._complaint,
                draining_seconds=self._draining_seconds,
                has_capacity=lambda: not self.faults.no_capacity,
                is_blocked=lambda: self.faults.account_blocked,
                is_throttled=lambda service: service in self.faults.throttled_scheduler,
                alarms=self.account.alarms,
                launch_error=self._launch_error,
                is_heard=self.account.hears,
            ),
        )
        self.account.bus.rule_delay_seconds = lambda: self.faults.rule_delay_seconds
        self.account.bus.is_throttled = lambda: self.faults.throttled_targets
        self.engine.also_handle(AttemptDelivery, self._attempt)
        self.account.targets_in = self.engine.targets_in
        neighbours = Neighbours(
            subnet=self._subnet,
            security_group=self._security_group,
            has_service_linked_role=self.account.has_ecs_service_linked_role,
            target_group=self.account.target_group,
        )
        self._context = Context(self.engine, ACCOUNT_ID, neighbours, lambda: self.faults)
        self._ecs = EcsApi(self._context)
        self._permissions = Permissions(ACCOUNT_ID, self.account.identities, self._tags_of)
        arn = self._context.arn(HOME_REGION, "cluster", "default")
        self.engine.world.clusters[arn] = Cluster("default", arn, HOME_REGION)

    def reset(self, *, seed: int | None = None) -> None:
        """Begin anew, at the first moment, with the same speed."""
        self.account.close()
        self.seed = self.seed if seed is None else seed
        self.clock = Clock(self._start, self.clock.speed)
        self._build()

    def set_faults(self, faults: Faults) -> None:
        """From now on these, and no others. What has struck before is forgotten."""
        before, self.faults = self.faults, faults
        self._call_faults = CallFaults(
            faults.call_faults, lambda purpose: self.ids.between(purpose, 0, 1)
        )
        if faults.sick_tasks or before.sick_tasks:
            self.engine.look_at_health_again(lambda _: ())

    def strike(self, request: HttpRequest) -> Strike:
        """What goes wrong with this call on its way. A virtual delay has then passed."""
        if not self.faults.call_faults:
            return UNHARMED
        _, service = request.scope or ("", "ecs")
        strike = self._call_faults.strike(service, request.operation)
        if strike.virtual_seconds:
            self.engine.catch_up()
            self.engine.advance(strike.virtual_seconds)
        return strike

    def close(self) -> None:
        """Give moto its own clock back, so that another emulator may start in this process."""
        self.account.close()

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Answer an AWS call. The world is first brought to the present."""
        self.engine.catch_up()
        if request.scope is None:
            return unsigned(request)
        target = request.headers.get("x-amz-target", "")
        region, service = request.scope
        is_open = self.account.is_untouched
        if not is_open and (refusal := self._permissions.refusal(request)):
            return refusal
        if service == "iam" and request.operation == "SimulatePrincipalPolicy":
            return self._permissions.simulate(request)
        if not target.startswith(ECS_TARGET) and service != "ecs":
            answer = self.account.handle(request)
            if (service, request.operation) in CHANGES_CHECKS:
                self.engine.look_at_health_again(self._checkers_of)
            return answer
        reply = self._ecs.answer(target, request.body, region)
        headers = {
            "content-type": "application/x-amz-json-1.1",
            "x-amzn-requestid": self.ids.uuid("request"),
        }
        return HttpResponse(reply.status, headers, reply.body)

    # --- what ECS asks of its neighbours ----------------------------------------------------

    def _tags_of(self, arn: str) -> Mapping[str, str]:
        return self.engine.world.tags.get(arn) or self.account.identities.tags_of(arn)

    def _publish(self, event: Event, region: str) -> None:
        self.account.bus.publish(event, region)

    def _attempt(self, stimulus: AttemptDelivery) -> None:
        self.account.bus.attempt(stimulus)

    def _fate_of(self, definition: TaskDefinition) -> Fate:
        region = definition.arn.split(":")[3]
        account = self.account

        def secret_exists(arn: str) -> bool:
            return account.secret_exists(arn.split(":")[3] or region, arn)

        def ecr_has(image: EcrReference) -> bool:
            is_own = image.account == ACCOUNT_ID
            return is_own and account.ecr_image_exists(image.region, image.repository, image.tag)

        around = Surroundings(
            images=self.images,
            role_exists=account.role_exists,
            role_may=account.role_may,
            secret_exists=secret_exists,
            ecr_has=ecr_has,
            faults=self.faults,
        )
        return fate_of(definition, around)

    def _launch_error(self, definition: TaskDefinition) -> str:
        """A role that was just made cannot be assumed yet."""
        wait = timedelta(seconds=self.faults.role_delay_seconds)
        for member in ("taskRoleArn", "executionRoleArn"):
            role = str(definition.spec.get(member, ""))
            made = self.account.role_created_at(role) if role and wait else None
            if made is not None and self.clock.now < made + wait:
                return unable_to_assume(role)
        return ""

    def _target_checkers(self, service: Service, definition: TaskDefinition) -> Sequence[Checker]:
        grace = int(service.spec.get("healthCheckGracePeriodSeconds", 0))
        return [
            target_checker(each, self._health_check(each.target_group_arn), definition, grace)
            for each in service.load_balancers
        ]

    def _checkers_of(self, task: Task) -> Sequence[Checker]:
        service = self.engine.world.services[task.service_arn]
        return self._target_checkers(service, task.task_definition)

    def _health_check(self, group_arn: str) -> HealthCheck:
        group = self.account.target_group(group_arn.split(":")[3], group_arn)
        return group.health_check if group else HealthCheck()

    def _complaint(self, _: Task, checker: Checker, answer: int | str) -> str | None:
        """A container's own check is taken to fail on what `curl -f` fails on."""
        if checker.is_target_group:
            return reason_for(answer, self._health_check(checker.name))
        return reason_for(answer, HealthCheck(codes="200-399"))

    def _draining_seconds(self, service: Service) -> float:
        """The longest deregistration delay of the service's target groups."""
        groups = (
            self.account.target_group(service.region, each.target_group_arn)
            for each in service.load_balancers
        )
        return max((float(group.deregistration_seconds) for group in groups if group), default=0.0)

    def _subnet(self, region: str, subnet_id: str) -> Place | None:
        found = self.account.subnet(region, subnet_id)
        return Place(found.vpc_id, found.availability_zone) if found else None

    def _security_group(self, region: str, group_id: str) -> Place | None:
        found = self.account.security_group(region, group_id)
        return Place(found.vpc_id) if found else None

    def _subnets_of(self, service: Service) -> Sequence[tuple[str, str]]:
        """The service's subnets with their zones; a bridge-mode task has a nameless one."""
        network = service.spec.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
        found = [
            (subnet_id, place.availability_zone)
            for subnet_id in network.get("subnets", ())
            if (place := self._subnet(service.region, subnet_id))
        ]
        return found or [("", f"{service.region}a")]
