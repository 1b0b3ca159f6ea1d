"""``kill -9`` of the OMS at random moments under load: ``python -m tests.faults.kill_oms --times 200``."""

from __future__ import annotations

from tests.faults.kills import kill_again_and_again
from tests.faults.report import Report, arguments, conclude, progress


def main() -> None:
    """Run the command."""
    given = arguments(__doc__, times=200)

    async def scene() -> Report:
        with progress("kill -9 of the OMS", given.times) as advance:
            return await kill_again_and_again("oms-0", given.times, given.seed, advance)

    conclude(scene)


if __name__ == "__main__":
    main()
