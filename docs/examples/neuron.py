"""One neuron, tanh(x1*w1 + x2*w2 + b), and what each of its inputs does to its output."""

import fgrad as fg

x1, x2 = fg.var(2.0, "x1"), fg.var(0.0, "x2")
w1, w2 = fg.var(-3.0, "w1"), fg.var(1.0, "w2")
b = fg.var(6.8813735870195432, "b")

activation = (x1 * w1 + x2 * w2 + b).named("activation")
output = fg.tanh(activation)

graph = fg.Graph.of(output)
gradients = fg.grad(graph, output)

print(f"output = {output.value:.4f}, from a graph of {len(graph)} nodes")
print(f"{'node':<12}{'value':>9}{'d output / d node':>20}")
for node in (*graph.variables, activation):
    print(f"{node.label:<12}{node.value:>9.4f}{gradients[node]:>20.4f}")
