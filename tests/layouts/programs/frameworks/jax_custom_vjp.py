import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)


@jax.custom_vjp
def softplus(z):
    return jnp.logaddexp(z, 0.0)


def softplus_fwd(z):
    return softplus(z), z


def softplus_bwd(z, g):
    return (g * jax.nn.sigmoid(z),)


softplus.defvjp(softplus_fwd, softplus_bwd)


def loss_fn(params, x, y):
    for W, b in params[:-1]:
        x = softplus(x @ W + b)
    W, b = params[-1]
    logits = x @ W + b
    return -jnp.mean(jnp.sum(y * jax.nn.log_softmax(logits), axis=-1))


grads = jax.grad(loss_fn)
