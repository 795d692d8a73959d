"""Stand-in: the steps of preparing an image, by name."""

from .operators import *


def create_operators(op_param_list):
    return [eval(name)(**(param or {})) for each in op_param_list for name, param in each.items()]


def transform(data, ops):
    for op in ops:
        data = op(data)
    return data
