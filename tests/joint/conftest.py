import sys
from pathlib import Path

# Simulated data that several files share stand beside the tests.
sys.path.insert(0, str(Path(__file__).parent))
