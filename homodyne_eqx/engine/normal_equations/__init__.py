from .normal_equations import NormalEquations as NormalEquations, normal_equations as normal_equations
