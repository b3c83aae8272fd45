import math


class Value:
    """A number that remembers how it was computed."""

    def __init__(self, data, parents=()):
        self.data = data
        self.grad = 0.0
        self._backward = lambda: None
        self._prev = parents

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other))

        def _backward():
            self.grad += out.grad
            other.grad += out.grad
        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other))

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = _backward
        return out

    def tanh(self):
        t = math.tanh(self.data)
        out = Value(t, (self,))

        def _backward():
            self.grad += (1 - t * t) * out.grad
        out._backward = _backward
        return out

    def backward(self):
        topo, visited = [], set()

        def build(v):
            if v not in visited:
                visited.add(v)
                for p in v._prev:
                    build(p)
                topo.append(v)
        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            v._backward()


def loss_and_gradients(W1, b1, W2, b2, X, Y):
    """Sum of squared errors of a tanh network, scalar by scalar; loss and four gradients."""
    w1 = [[Value(float(w)) for w in row] for row in W1]
    c1 = [Value(float(b)) for b in b1]
    w2 = [[Value(float(w)) for w in row] for row in W2]
    c2 = [Value(float(b)) for b in b2]
    loss = Value(0.0)
    for x, y in zip(X, Y):
        h = [sum((w1[i][j] * float(x[i]) for i in range(len(x))), c1[j]).tanh() for j in range(len(c1))]
        for k in range(len(c2)):
            out = sum((w2[j][k] * h[j] for j in range(len(h))), c2[k])
            diff = out + (-float(y[k]))
            loss = loss + diff * diff
    loss.backward()
    grad = lambda rows: [[v.grad for v in row] for row in rows]
    return loss.data, grad(w1), [v.grad for v in c1], grad(w2), [v.grad for v in c2]
