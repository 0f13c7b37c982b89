"""Checkpoint 5: the segment on the bench, and the connection on the wire."""

ORDER = (
    "segment",
    "opening",
    "acknowledging",
    "closing",
    "syn_sent",
    "syn_received",
    "nobody",
    "time_wait",
    "resets",
    "table_sequence",
    "table_ack",
    "after_close",
    "timeouts",
    "options",
    "packets",
    "surroundings",
    "freedoms",
    "bench_calls",
    "bench_events",
)
