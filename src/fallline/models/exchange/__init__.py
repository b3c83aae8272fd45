"""Exchange of models with other libraries: ONNX files, PyTorch's `nn.Sequential`, scikit-learn's networks."""
