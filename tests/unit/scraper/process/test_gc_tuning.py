"""The garbage collector after its tuning."""

import subprocess
import sys


def test_startup_objects_are_frozen_and_cycles_collected() -> None:
    """The test runs in a process of its own."""
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
