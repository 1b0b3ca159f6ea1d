"""``kill -9`` of the venue under load, sometimes with the OMS: ``python -m tests.faults.kill_venue --times 50``."""

from __future__ import annotations

from tests.faults.kills import kill_again_and_again
from tests.faults.report import Report, arguments, conclude, progress


def main() -> None:
    """Run the command."""
    given = arguments(__doc__, times=50)

    async def scene() -> Report:
        with progress("kill -9 of the venue", given.times) as advance:
            return await kill_again_and_again("venue", given.times, given.seed, advance, accomplices=["oms-0"])

    conclude(scene)


if __name__ == "__main__":
    main()
