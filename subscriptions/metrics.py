"""What the live side of a process counts and measures, for Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

LAG_SECONDS = Histogram(
    "starling_live_lag_seconds",
    "From an act to the moment its event was handed to the sockets of this process.",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
DELIVERIES = Counter("starling_live_deliveries", "Events handed to a subscriber.")
EXECUTIONS = Counter(
    "starling_live_executions",
    "Executions for events: fewer than deliveries where they are shared.",
)
CATCH_UPS = Counter("starling_live_catch_ups", "Subscriptions that were brought up to date.")
RESETS = Counter("starling_live_resets", "Gaps that subscribers were told of.", ["reason"])
LOG_READS = Counter(
    "starling_live_log_reads", "Pages of the log read because the bell did not bring the events."
)
GROUPS = Gauge("starling_live_groups", "Groups of subscriptions that share executions, now.")
