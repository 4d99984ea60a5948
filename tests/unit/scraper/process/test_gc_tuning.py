"""The collector leaves alone what was there when the service began, and comes rarely."""

import subprocess
import sys


def test_in_a_process_of_its_own() -> None:
    """What was there is frozen; what comes later is still collected where it is a cycle."""
    code = (
        "import gc, weakref\n"
        "import splitflap_scraper.fetch.fetcher\n"
        "from splitflap_scraper.process.gc_tuning import GENERATION_0, collect_rarely\n"
        "collect_rarely()\n"
        "assert gc.get_freeze_count() > 10_000, gc.get_freeze_count()\n"
        "assert len(gc.get_objects()) < 1_000, len(gc.get_objects())\n"
        "class Cycle: pass\n"
        "cycle = Cycle(); cycle.itself = cycle; gone = weakref.ref(cycle); del cycle\n"
        "kept = [[] for _ in range(2 * GENERATION_0)]\n"
        "assert gone() is None\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
