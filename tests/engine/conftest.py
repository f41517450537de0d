import sys
from pathlib import Path

# The brute-force helpers stand beside the tests; the registry beside those of the core.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "physics")]
