from math import exp


def activate(weights, inputs):
    # the last weight is the bias
    activation = weights[-1]
    for i in range(len(weights) - 1):
        activation += weights[i] * inputs[i]
    return activation


def transfer(activation):
    return 1.0 / (1.0 + exp(-activation))


def forward_propagate(network, row):
    inputs = row
    for layer in network:
        new_inputs = []
        for neuron in layer:
            neuron['output'] = transfer(activate(neuron['weights'], inputs))
            new_inputs.append(neuron['output'])
        inputs = new_inputs
    return inputs


def transfer_derivative(output):
    return output * (1.0 - output)


def backward_propagate_error(network, expected):
    for i in reversed(range(len(network))):
        layer = network[i]
        errors = []
        if i != len(network) - 1:
            for j in range(len(layer)):
                error = 0.0
                for neuron in network[i + 1]:
                    error += neuron['weights'][j] * neuron['delta']
                errors.append(error)
        else:
            for j in range(len(layer)):
                errors.append(layer[j]['output'] - expected[j])
        for j in range(len(layer)):
            layer[j]['delta'] = errors[j] * transfer_derivative(layer[j]['output'])


def gradients(network, row, expected):
    """For each neuron the derivatives by its weights, the bias last."""
    forward_propagate(network, row)
    backward_propagate_error(network, expected)
    result = []
    inputs = row
    for layer in network:
        result.append([[neuron['delta'] * x for x in inputs] + [neuron['delta']] for neuron in layer])
        inputs = [neuron['output'] for neuron in layer]
    return result
