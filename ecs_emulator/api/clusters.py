"""Room: clusters in the ECS API."""

from __future__ import annotations

from typing import Any

from ecs_emulator.api.context import Call, Context, is_name, page, tags_given
from ecs_emulator.api.errors import EcsError, cluster_not_found, invalid_parameter
from ecs_emulator.world.state import ACTIVE, INACTIVE, Cluster


def create_cluster(context: Context, call: Call) -> dict[str, Any]:
    """Creating a cluster that exists returns it."""
    call.emulated("clusterName", "tags", "settings")
    name = str(call.params.get("clusterName", "default"))
    tags = tags_given(call)
    if not is_name(name):
        raise invalid_parameter(
            "Invalid identifier: Identifier is for cluster name: 1 to 255 letters, numbers, "
            "hyphens and underscores."
        )
    if not context.neighbours.has_service_linked_role():
        raise invalid_parameter(
            "Unable to assume the service linked role. Please verify that the ECS service linked "
            "role exists."
        )
    arn = context.arn(call.region, "cluster", name)
    existing = context.engine.world.clusters.get(arn)
    if existing is None or existing.status == INACTIVE:
        settings = tuple(call.params.get("settings", ()))
        existing = Cluster(name, arn, call.region, settings=settings)
        context.engine.world.clusters[arn] = existing
        context.add_tags(arn, tags)
    return {"cluster": _describe(context, existing)}


def delete_cluster(context: Context, call: Call) -> dict[str, Any]:
    cluster = context.find_cluster(call.region, str(call.params["cluster"]))
    if cluster is None or cluster.status == INACTIVE:
        raise cluster_not_found()
    if _services(context, cluster):
        raise EcsError(
            "ClusterContainsServicesException",
            "The Cluster cannot be deleted while Services are active.",
        )
    if any(
        t.cluster_arn == cluster.arn and t.status != "STOPPED"
        for t in context.engine.world.tasks.values()
    ):
        raise EcsError(
            "ClusterContainsTasksException",
            "The Cluster cannot be deleted while Tasks are active.",
        )
    cluster.status = INACTIVE
    context.engine.world.tags.pop(cluster.arn, None)
    return {"cluster": _describe(context, cluster)}


def describe_clusters(context: Context, call: Call) -> dict[str, Any]:
    call.emulated("clusters", "include")
    found, failures = [], []
    for reference in call.params.get("clusters") or ["default"]:
        cluster = context.find_cluster(call.region, str(reference))
        if cluster is None:
            name = str(reference).rpartition("/")[2]
            arn = context.arn(call.region, "cluster", name)
            failures.append({"arn": arn, "reason": "MISSING"})
            continue
        found.append(_describe(context, cluster, call.params.get("include", ())))
    return {"clusters": found, "failures": failures}


def list_clusters(context: Context, call: Call) -> dict[str, Any]:
    clusters = context.engine.world.clusters.values()
    arns = [c.arn for c in clusters if c.region == call.region and c.status == ACTIVE]
    return page(call, arns, "clusterArns")


def _services(context: Context, cluster: Cluster) -> int:
    services = context.engine.world.services.values()
    return sum(s.cluster_arn == cluster.arn and s.status == ACTIVE for s in services)


def _describe(context: Context, cluster: Cluster, include: Any = ()) -> dict[str, Any]:
    tasks = [t for t in context.engine.world.tasks.values() if t.cluster_arn == cluster.arn]
    return {
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "status": cluster.status,
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": sum(t.status == "RUNNING" for t in tasks),
        "pendingTasksCount": sum(t.place == "pending" for t in tasks),
        "activeServicesCount": _services(context, cluster),
        "statistics": [],
        "tags": context.tags_of(cluster.arn) if "TAGS" in include else [],
        "settings": list(cluster.settings) or [{"name": "containerInsights", "value": "disabled"}],
        "capacityProviders": [],
        "defaultCapacityProviderStrategy": [],
    }


OPERATIONS = {
    "CreateCluster": create_cluster,
    "DeleteCluster": delete_cluster,
    "DescribeClusters": describe_clusters,
    "ListClusters": list_clusters,
}
