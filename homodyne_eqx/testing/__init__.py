"""The laws that every term, rate, kernel, detection and scaling must obey, for your own as for the package's.

```python
import homodyne_eqx as hx

geometry = hx.Geometry(q=0.01, t=[0.0, 0.5, 1.5, 4.0], phi=[0.0, 90.0], gap=1e6)
hx.testing.check_term(MyTerm(speed=40.0), geometry)
```

Each check raises `LawError`, an `AssertionError` that names the law, the numbers and what to do, or returns the names
of the laws that hold.
"""

from .checks import (
    check_detection as check_detection,
    check_kernel as check_kernel,
    check_rate as check_rate,
    check_scaling as check_scaling,
    check_term as check_term,
    example_geometry as example_geometry,
)
from .law_error import LawError as LawError
from .probes import pair_values as pair_values
from .speckle_fields import speckle_intensities as speckle_intensities, speckle_maps as speckle_maps
