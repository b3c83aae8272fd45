import torch


class SiLU(torch.autograd.Function):
    """x * sigmoid(x) with its own backward."""

    @staticmethod
    def forward(ctx, x):
        s = torch.sigmoid(x)
        ctx.save_for_backward(x, s)
        return x * s

    @staticmethod
    def backward(ctx, grad_output):
        x, s = ctx.saved_tensors
        return grad_output * (s + x * s * (1 - s))


def gradients(W1, b1, W2, b2, X, y):
    params = [torch.as_tensor(p).clone().requires_grad_(True) for p in (W1, b1, W2, b2)]
    hidden = SiLU.apply(torch.as_tensor(X) @ params[0] + params[1])
    logits = hidden @ params[2] + params[3]
    loss = torch.nn.functional.cross_entropy(logits, torch.as_tensor(y))
    loss.backward()
    return loss.item(), [p.grad.numpy() for p in params]
