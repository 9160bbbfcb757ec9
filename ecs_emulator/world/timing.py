"""Room: how long things take, in seconds.

Lives here: each interval as (shortest, longest), with where it was seen.
Never here: what happens at its end.

"Measured" means read off service events and task timestamps that users published of real Fargate
deployments; "assumed" means that nothing public settles it.
"""

from __future__ import annotations

Span = tuple[float, float]

API_TO_PICKED_UP: Span = (0.075, 1.6)  # measured: service deployment createdAt → startedAt
UPDATE_TO_FIRST_START: Span = (17.0, 20.0)  # measured: 17 and 18.8 s; 48 s was seen too
CREATE_TO_FIRST_START: Span = (17.0, 20.0)  # assumed: as after an update
CREATED_TO_CONNECTED: Span = (3.9, 4.1)  # measured: createdAt → connectivityAt
CONNECTED_TO_PULL: Span = (13.6, 13.7)  # measured: → pullStartedAt
PULL: Span = (2.9, 3.1)  # measured: 3.0 s for a small image
PULL_TO_STARTED: Span = (2.9, 3.1)  # measured: → startedAt
FIRST_START_TO_BAD_TAG: Span = (85.0, 92.0)  # measured: seven retries
TO_MISSING_REPOSITORY: Span = (24.0, 30.0)  # assumed: one retry
NO_ROUTE: Span = (287.0, 290.0)  # measured: to the time-out of the ECR API
TO_ACCESS_DENIED: Span = (24.0, 30.0)  # assumed: one retry
RUNNING_TO_REGISTERED: Span = (0.2, 1.2)  # measured: 21 s after the start
STOP_TO_DEREGISTERED: Span = (1.1, 1.4)  # measured
BLOCKED_TO_FAILED: Span = (62.0, 66.0)  # measured
THROTTLED_TO_NEXT_TRY: Span = (20.0, 40.0)  # assumed
LAUNCH_TO_NEXT_TRY: Span = (28.0, 30.0)  # measured: a role that could not be assumed: 29 s
CAPACITY_PAUSE: Span = (905.0, 930.0)  # measured: FAILED 46 min after the first refusal
VERDICT_AFTER_START: Span = (2.9, 5.0)  # measured: the start after the threshold → FAILED
UNHEALTHY_TO_NOTICED: Span = (
    19.0,
    38.0,
)  # measured: attempts of 143 and 162 s
VERDICT_AFTER_HEALTH_CHECK: Span = (37.0, 64.0)  # measured
COUNTED_BEFORE_START: Span = (10.0, 16.0)  # measured: failedTasks rises before the next start
ROLLBACK_TO_FIRST_START: Span = (17.0, 20.0)  # measured: 18 s; once 178 s
AFTER_VERDICT: Span = (2.5, 3.2)  # measured: FAILED → "stopped 1 pending tasks."
EXIT_TO_STOPPING: Span = (9.5, 11.0)  # measured: executionStoppedAt → stoppingAt
EXIT_TO_NEXT_START: Span = (26.7, 28.0)  # measured: cycle of 50 to 52 s
STOPPING_TO_STOPPED: Span = (22.0, 33.0)  # measured: 22.8 s; 43.8 s at a secret failure
FAILED_TO_STOPPED: Span = (12.0, 16.0)  # assumed
PENDING_STOP_TO_STOPPED: Span = (18.0, 64.0)  # measured: rollback over 24 to 80 s after the trip
STOP_TO_REPLACEMENT: Span = (16.0, 20.0)  # measured: StopTask → has started
ALARM_POLL = 15.0  # measured: rolling back 21 s after the alarm went to ALARM
SCALE_TO_ACTION: Span = (3.0, 8.0)  # assumed: new desired count → has started
STEADY_TO_REBALANCE: Span = (55.0, 75.0)  # assumed
SETTLE: Span = (6.0, 12.0)  # assumed: last task in place → completed; the whole took 92 s once
EMPTY_DEPLOYMENT: Span = (85.0, 89.0)  # measured: 87 s at desired count 0

HEALTHY_AFTER_RUNNING = 40.0
"""A task without any health check counts as healthy 40 s after RUNNING (ECS API reference,
minimumHealthyPercent)."""

STEADY_STATE_REPEATS = 6 * 3600.0
STOPPED_TASK_VISIBLE = 3600.0
