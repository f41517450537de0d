"""Differentiable physics of two-time correlation maps in X-ray photon correlation spectroscopy."""

import os as _os

if _os.environ.get("HOMODYNE_EQX_TYPECHECK", "0") not in ("", "0"):
    from jaxtyping import install_import_hook as _install

    _install("homodyne_eqx", "beartype.beartype")

from . import datasets as datasets, testing as testing
from .app.batches import batch as batch
from .app.views import offer_views as _offer_views
from .data import (
    BadFrame as BadFrame,
    Excluded as Excluded,
    ExcludedValues as ExcludedValues,
    OneTimeData as OneTimeData,
    Outliers as Outliers,
    PairData as PairData,
    Provenance as Provenance,
    TwoTimeData as TwoTimeData,
    errors as errors,
    load as load,
    outlier_pixels as outlier_pixels,
    save as save,
    save_aps_u as save_aps_u,
    suspicious_frames as suspicious_frames,
)
from .engine import (
    Cauchy as Cauchy,
    Huber as Huber,
    NormalEquations as NormalEquations,
    Packed as Packed,
    PackedPairs as PackedPairs,
    SoftL1 as SoftL1,
    chi_squared as chi_squared,
    normal_equations as normal_equations,
    pack as pack,
)
from .engine.compilation_cache import enable_compilation_cache as enable_compilation_cache
from .engine.cores import one_device_for_each_core as _one_device_for_each_core
from .engine.losses import AbstractLoss as AbstractLoss, Squares as Squares
from .fit import (
    AbstractPrior as AbstractPrior,
    AbstractStage as AbstractStage,
    BlockAverage as BlockAverage,
    Curve as Curve,
    Ended as Ended,
    FitResult as FitResult,
    Iteration as Iteration,
    LogDensity as LogDensity,
    LogNormal as LogNormal,
    Minimum as Minimum,
    Normal as Normal,
    Parameter as Parameter,
    Problem as Problem,
    Scan as Scan,
    SpeckleCovariance as SpeckleCovariance,
    Starts as Starts,
    TileSubset as TileSubset,
    Uniform as Uniform,
    descend as descend,
    estimate as estimate,
    fit_many as fit_many,
    least_squares_problem as least_squares_problem,
    log_density as log_density,
    residual as residual,
    speckle_covariance as speckle_covariance,
)
from .inference import (
    Bootstrap as Bootstrap,
    ComparedModel as ComparedModel,
    Comparison as Comparison,
    Consistency as Consistency,
    Contour as Contour,
    Design as Design,
    DesignCandidate as DesignCandidate,
    ModelTest as ModelTest,
    Posterior as Posterior,
    Prediction as Prediction,
    Profile as Profile,
    RateLaw as RateLaw,
    Replicates as Replicates,
    blocks_of_frames as blocks_of_frames,
    bootstrap as bootstrap,
    compare as compare,
    design as design,
    expected_covariance as expected_covariance,
    expected_uncertainty as expected_uncertainty,
    from_replicates as from_replicates,
    predict as predict,
    profile as profile,
    rate_law as rate_law,
    sample as sample,
)
from .joint import JointResult as JointResult, fit as fit
from .physics.accumulation import (
    AbstractAccumulation as AbstractAccumulation,
    Exact as Exact,
    GaussLegendre as GaussLegendre,
    Trapezoid as Trapezoid,
)
from .physics.detection import (
    AbstractDetection as AbstractDetection,
    AbstractFieldDetection as AbstractFieldDetection,
    DriftingContrast as DriftingContrast,
    FiniteSector as FiniteSector,
    Homodyne as Homodyne,
    PartialHeterodyne as PartialHeterodyne,
)
from .physics.documented_models import (
    from_parameter_vector as from_parameter_vector,
    laminar_flow as laminar_flow,
    static_diffusion as static_diffusion,
    to_parameter_vector as to_parameter_vector,
)
from .physics.equation import equation as equation
from .physics.geometry import Geometry as Geometry, Sector as Sector
from .physics.kernels import (
    AbstractDifferenceKernel as AbstractDifferenceKernel,
    AbstractKernel as AbstractKernel,
    AbstractSineKernel as AbstractSineKernel,
    Exponential as Exponential,
    GapAverage as GapAverage,
    Gaussian as Gaussian,
    SincSquared as SincSquared,
    Stretched as Stretched,
    convert_shear_rate as convert_shear_rate,
)
from .physics.model import TwoTimeModel as TwoTimeModel
from .physics.parameters import component as component, parameter as parameter, part as part
from .physics.per_sector import PerSector as PerSector
from .physics.quantities import Quantity as Quantity
from .physics.rates import (
    AbstractIntegrableRate as AbstractIntegrableRate,
    AbstractRate as AbstractRate,
    Constant as Constant,
    Events as Events,
    ExponentialShare as ExponentialShare,
    FrozenRate as FrozenRate,
    MonotoneSpline as MonotoneSpline,
    Network as Network,
    Oscillating as Oscillating,
    PowerLaw as PowerLaw,
    RateSum as RateSum,
    Relaxing as Relaxing,
    Scaled as Scaled,
    Spline as Spline,
    StokesEinstein as StokesEinstein,
    as_rate as as_rate,
    stokes_einstein_coefficient as stokes_einstein_coefficient,
)
from .physics.scaling import (
    AbstractScaling as AbstractScaling,
    ContrastOffset as ContrastOffset,
    SmoothScaling as SmoothScaling,
)
from .physics.terms import (
    AbstractAmountTerm as AbstractAmountTerm,
    AbstractProfile as AbstractProfile,
    AbstractTerm as AbstractTerm,
    AnomalousDiffusion as AnomalousDiffusion,
    Ballistic as Ballistic,
    DampedOscillation as DampedOscillation,
    Diffusion as Diffusion,
    Distribution as Distribution,
    Drift as Drift,
    Echo as Echo,
    Frozen as Frozen,
    Nodes as Nodes,
    NonAffine as NonAffine,
    OrnsteinUhlenbeck as OrnsteinUhlenbeck,
    Poiseuille as Poiseuille,
    Populations as Populations,
    Product as Product,
    Relaxation as Relaxation,
    Shared as Shared,
    Shear as Shear,
    ShearBands as ShearBands,
    Static as Static,
    Transit as Transit,
    TwoComponents as TwoComponents,
    VelocityProfile as VelocityProfile,
    WallSlip as WallSlip,
)
from .physics.tie import tie as tie
from .preparation import average as average, binned as binned
from .solvers import (
    BoundedImplicitAdjoint as BoundedImplicitAdjoint,
    BoundedLevenbergMarquardt as BoundedLevenbergMarquardt,
)

_offer_views()
_one_device_for_each_core()

__version__ = "0.1.0"
