#!/usr/bin/env python
# coding: utf-8

# # Backpropagation by hand

# In[1]:


import numpy as np
import matplotlib.pyplot as plt
get_ipython().run_line_magic('matplotlib', 'inline')


# In[2]:


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# ## Gradient

# In[3]:


def compute_grads(params, X, Y):
    W1, b1, W2, b2 = params['W1'], params['b1'], params['W2'], params['b2']
    Z1 = X @ W1 + b1
    H = np.maximum(Z1, 0)
    P = softmax(H @ W2 + b2)
    dZ2 = (P - Y) / X.shape[0]
    dH = dZ2 @ W2.T
    dZ1 = dH * (Z1 > 0)
    return {'W1': X.T @ dZ1, 'b1': dZ1.sum(axis=0), 'W2': H.T @ dZ2, 'b2': dZ2.sum(axis=0)}


# In[4]:


rng = np.random.default_rng(0)
X = rng.normal(size=(20, 2))
Y = np.eye(3)[rng.integers(0, 3, 20)]
params = {'W1': rng.normal(size=(2, 4)), 'b1': np.zeros(4), 'W2': rng.normal(size=(4, 3)), 'b2': np.zeros(3)}
losses = []
for _ in range(10):
    g = compute_grads(params, X, Y)
    for k in params:
        params[k] -= 0.1 * g[k]
    losses.append(float(np.abs(g['W1']).sum()))
plt.plot(losses)
plt.show()
