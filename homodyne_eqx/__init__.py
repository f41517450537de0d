"""Differentiable physics of two-time correlation maps in X-ray photon correlation spectroscopy."""

import os as _os

if _os.environ.get("HOMODYNE_EQX_TYPECHECK", "0") not in ("", "0"):
    from jaxtyping import install_import_hook as _install

    _install("homodyne_eqx", "beartype.beartype")

from . import datasets as datasets
from .core.accumulation import (
    AbstractAccumulation as AbstractAccumulation,
    Exact as Exact,
    Trapezoid as Trapezoid,
)
from .core.detection import AbstractDetection as AbstractDetection, Homodyne as Homodyne
from .core.documented import (
    from_parameter_vector as from_parameter_vector,
    laminar_flow as laminar_flow,
    static_diffusion as static_diffusion,
    to_parameter_vector as to_parameter_vector,
)
from .core.geometry import Geometry as Geometry, Sector as Sector
from .core.kernels import (
    AbstractDifferenceKernel as AbstractDifferenceKernel,
    AbstractKernel as AbstractKernel,
    AbstractSineKernel as AbstractSineKernel,
    Exponential as Exponential,
    GapAverage as GapAverage,
    SincSquared as SincSquared,
    convert_shear_rate as convert_shear_rate,
)
from .core.misfit import AbstractLoss as AbstractLoss, Squares as Squares
from .core.model import TwoTimeModel as TwoTimeModel
from .core.rates import (
    AbstractIntegrableRate as AbstractIntegrableRate,
    AbstractRate as AbstractRate,
    Constant as Constant,
    PowerLaw as PowerLaw,
)
from .core.scaling import AbstractScaling as AbstractScaling, ContrastOffset as ContrastOffset
from .core.terms import (
    AbstractTerm as AbstractTerm,
    Diffusion as Diffusion,
    Nodes as Nodes,
    Product as Product,
    Shear as Shear,
)
from .data import (
    Excluded as Excluded,
    Provenance as Provenance,
    TwoTimeData as TwoTimeData,
    load as load,
    save_aps_u as save_aps_u,
)
from .engine import (
    Cauchy as Cauchy,
    Huber as Huber,
    NormalEquations as NormalEquations,
    Packed as Packed,
    SoftL1 as SoftL1,
    chi_squared as chi_squared,
    normal_equations as normal_equations,
    pack as pack,
)
from .fit import FitResult as FitResult, Iteration as Iteration, Parameter as Parameter, fit as fit

__version__ = "0.1.0"
