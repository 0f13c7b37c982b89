"""Options that several commands have, and that mean the same in each."""

from __future__ import annotations

import click

case = click.option("--case", default="*", metavar="GLOB", help="Run only the cases of this name.")
mode = click.option(
    "--mode",
    type=click.Choice(["solo", "stack"]),
    default="solo",
    show_default=True,
    help="solo: each checkpoint's files inside an otherwise reference stack;"
    " stack: all of the target's files together.",
)
seed = click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=1,
    show_default=True,
    help="Where random data and sequence numbers come from.",
)
json_file = click.option(
    "--json", "json_file", metavar="FILE", help="Write the result as JSON; - is stdout."
)
