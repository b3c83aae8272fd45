import torch
from torch.autograd import Function


class LinearFunction(Function):
    @staticmethod
    def forward(ctx, input, weight, bias):
        ctx.save_for_backward(input, weight, bias)
        return input @ weight.t() + bias

    @staticmethod
    def backward(ctx, grad_output):
        input, weight, bias = ctx.saved_tensors
        grad_input = grad_output @ weight
        grad_weight = grad_output.t() @ input
        grad_bias = grad_output.sum(0)
        return grad_input, grad_weight, grad_bias


class Net(torch.nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.w1 = torch.nn.Parameter(torch.randn(n_hidden, n_in, dtype=torch.float64) * 0.3)
        self.b1 = torch.nn.Parameter(torch.zeros(n_hidden, dtype=torch.float64))
        self.w2 = torch.nn.Parameter(torch.randn(n_out, n_hidden, dtype=torch.float64) * 0.3)
        self.b2 = torch.nn.Parameter(torch.zeros(n_out, dtype=torch.float64))

    def forward(self, x):
        h = torch.tanh(LinearFunction.apply(x, self.w1, self.b1))
        return LinearFunction.apply(h, self.w2, self.b2)


def loss_and_grads(net, x, y):
    net.zero_grad()
    loss = torch.nn.functional.mse_loss(net(x), y, reduction="sum")
    loss.backward()
    return loss.detach(), {name: p.grad for name, p in net.named_parameters()}
