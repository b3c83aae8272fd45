import numpy as np


def compute_cost(x, y, w, b):
    m = x.shape[0]
    total_cost = 0
    for i in range(m):
        total_cost += (w * x[i] + b - y[i]) ** 2
    return total_cost / (2 * m)


def compute_gradient(x, y, w, b):
    # x and y have one number for each example
    m = x.shape[0]
    dj_dw = 0
    dj_db = 0
    for i in range(m):
        f_wb = w * x[i] + b
        dj_dw += (f_wb - y[i]) * x[i]
        dj_db += f_wb - y[i]
    return dj_dw / m, dj_db / m
