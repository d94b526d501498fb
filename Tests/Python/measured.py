"""Runs a program and tells the most memory that it ever had.

What the system counts for a process includes what its parent had when it forked, so a small program stands between.
"""

import subprocess
import sys

BETWEEN = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
sys.stderr.write("\\npeak %d" % resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def run(command, **options):
    """Standard output, standard error, exit code, and the peak of memory in bytes."""
    done = subprocess.run(
        [sys.executable, "-c", BETWEEN, *map(str, command)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=3600, **options)
    errors, peak = done.stderr.rsplit("\npeak ", 1)
    return done.stdout, errors, done.returncode, int(peak) * 1024
