"""Programs that must not type-check: each ignore is needed, or mypy reports it as unused."""

import math

import fgrad as fg

x = fg.var(2.0, "x")
y = x * x
graph = fg.Graph.of(y)
gradients = fg.grad(graph, y)
low = x < 1.0


class Doubling:
    def __init__(self, factor: float) -> None:
        self.factor = factor

    @fg.compile
    def times(self, x: float) -> float:
        return 2.0 * self.factor * x


fg.var("3")  # type: ignore[call-overload]
fg.var(1j)  # type: ignore[call-overload]
fg.var(x)  # type: ignore[call-overload]
fg.var(1.0, 2)  # type: ignore[call-overload]

x * "s"  # type: ignore[operator]
x * 1j  # type: ignore[operator]
x + None  # type: ignore[operator]
x == 2.0  # type: ignore[comparison-overlap]
math.sin(x)  # type: ignore[arg-type]
float(x)  # type: ignore[arg-type]

x.value = 3.0  # type: ignore[misc]
graph.outputs = ()  # type: ignore[misc]
gradients[x] = 1.0  # type: ignore[index]
del gradients[x]  # type: ignore[attr-defined]
fg.sin.dx = None  # type: ignore[misc]
graph.nodes.append_all(x)  # type: ignore[attr-defined]
gradients.pmap.sett(x, 1.0)  # type: ignore[attr-defined]

fg.sin("3")  # type: ignore[call-overload]
fg.sin(x, x)  # type: ignore[call-overload]
fg.atan2(x)  # type: ignore[call-overload]
fg.sin(low)  # type: ignore[call-overload]
low * 2.0  # type: ignore[operator]
low + x  # type: ignore[operator]
fg.where(x, 1.0, 2.0)  # type: ignore[call-overload]
fg.where(low, "a", "b")  # type: ignore[call-overload]
fg.logical_and(x, True)  # type: ignore[call-overload]
fg.less(x, "3")  # type: ignore[call-overload]

gradients["x"]  # type: ignore[index]
gradients[1]  # type: ignore[index]
fg.grad(graph, 3.0)  # type: ignore[arg-type]
fg.grad(y, graph)  # type: ignore[arg-type]
fg.Graph.of(3.0)  # type: ignore[arg-type]
fg.sum([x, "s"])  # type: ignore[list-item]
word: str = gradients[x]  # type: ignore[assignment]

fg.Unary("one argument too few", math.tanh, lambda out: out)  # type: ignore[arg-type, misc]
fg.Unary("no derivative given", math.tanh)  # type: ignore[call-arg]


def floats_only(out: float, v: float) -> float:
    """A rule that higher derivatives could not use."""
    return out * v


fg.Unary("floats only", math.tanh, floats_only)  # type: ignore[arg-type]


def area(v: float, w: float) -> float:
    """Two numbers."""
    return v * w


def bent(v: float) -> float:
    """A number of a number."""
    return v * v


def word_of(v: float) -> str:
    """No number."""
    return str(v)


fg.gradient(area)("s", 1.0)  # type: ignore[arg-type]
fg.gradient(area)(1.0)  # type: ignore[call-arg]
fg.gradient(area)(1.0, 2.0, 3.0)  # type: ignore[call-arg]
fg.gradient(area, argnums=2)(1.0, 2.0)  # type: ignore[call-overload]
fg.gradient(area, argnums="x")  # type: ignore[call-overload]
fg.gradient(area, argnums=(0, 3))  # type: ignore[arg-type]
fg.gradient(word_of)(1.0)  # type: ignore[type-var]
fg.gradient(3.0)  # type: ignore[call-overload]
pair: tuple[str, float] = fg.value_and_gradient(area)(1.0, 2.0)  # type: ignore[assignment]


def reported(v: float) -> tuple[float, list[str]]:
    """A value and what is beside it."""
    return v * v, ["squared"]


fg.value_and_gradient(reported)(1.0)  # type: ignore[type-var]
fg.value_and_gradient(area, has_aux=True)(1.0, 2.0)  # type: ignore[call-overload]
fg.value_and_gradient(reported, argnums=1, has_aux=True)(1.0)  # type: ignore[call-overload]
fg.value_and_gradient(reported, has_aux=True)("s")  # type: ignore[arg-type]
names: list[float] = fg.value_and_gradient(reported, has_aux=True)(1.0)[0][1]  # type: ignore[assignment]
fg.jvp(area)(1.0, "s", 2.0)  # type: ignore[arg-type]
fg.jvp(area)(1.0, 1.0)  # type: ignore[call-arg]
fg.hvp(word_of)(1.0, 1.0)  # type: ignore[type-var]
fg.jacobian(area, mode="sideways")  # type: ignore[call-overload]
fg.hessian(word_of)(1.0)  # type: ignore[type-var]
fg.taylor(word_of, 2)(1.0)  # type: ignore[type-var]
fg.taylor(area)(1.0, 2.0)  # type: ignore[call-arg]
fg.taylor(area, 2.0)(1.0, 2.0)  # type: ignore[arg-type]
fg.taylor(area, 2)("s", 2.0)  # type: ignore[arg-type]
fg.taylor(area, 2)(1.0)  # type: ignore[call-arg]
third: fg.Node[float] = fg.taylor(area, 2)(1.0, 2.0)[2]  # type: ignore[assignment]
fg.minimize(word_of, 1.0, fg.adam())  # type: ignore[type-var]
fg.minimize(abs, 1.0, "adam")  # type: ignore[call-overload]
fg.minimize(fg.value_and_gradient(bent), 1.0, fg.adam())  # type: ignore[type-var]
fg.minimize(bent, 1.0, fg.adam(), has_gradient=True)  # type: ignore[call-overload]
fg.minimize(bent, 1.0, fg.adam(), callback=bent)  # type: ignore[arg-type]
fg.root(area, 1.0)("s")  # type: ignore[arg-type]
fg.root(area, 1.0)(1.0, 2.0)  # type: ignore[call-arg]
fg.root(word_of, 1.0)  # type: ignore[misc]
fg.fixed_point(area, "s")  # type: ignore[misc]
fg.custom(area, vjp=word_of)  # type: ignore[arg-type]
fg.minimize(word_of, 1.0, fg.lbfgs())  # type: ignore[type-var]
fg.lbfgs()(fg.State(1.0), 2.0)  # type: ignore[operator]
fg.lbfgs("10")  # type: ignore[arg-type]
fg.show(x)  # type: ignore[arg-type]
fg.dumps(x)  # type: ignore[arg-type]
fg.loads(3)  # type: ignore[call-overload]
fg.loads("{}", ("sin",))  # type: ignore[arg-type]
fg.loads("{}", kind=fg.Node)  # type: ignore[arg-type]
fg.loads("{}").run(())  # type: ignore[union-attr]
fg.compile(math.hypot, backend="fast")  # type: ignore[call-overload]
fg.compile(math.sin)("1")  # type: ignore[arg-type]
fg.compile(math.sin).specialise(1.0)("1")  # type: ignore[arg-type]
fg.compile(math.sin).map(1.0, threads="2")  # type: ignore[arg-type]
model = fg.compile(area)
model.map("nonsense")  # type: ignore[arg-type]
model.map(1.0, "nonsense")  # type: ignore[arg-type]
model.map(1.0, w="nonsense")  # type: ignore[arg-type]
model.map(object())  # type: ignore[arg-type]
model.map(area)  # type: ignore[arg-type]
model.sum("nonsense")  # type: ignore[arg-type]
fg.grad(area)  # type: ignore[call-arg, arg-type]
fg.grad(graph)  # type: ignore[call-arg]
x // 2  # type: ignore[operator]
x & low  # type: ignore[operator]
~low  # type: ignore[operator]
low & 1.0  # type: ignore[operator]
round(x, 2)  # type: ignore[call-overload]
fg.check_gradient(area, 1.0, 2.0, argnums="0")  # type: ignore[arg-type]
Doubling(1.0).times("2")  # type: ignore[arg-type]
Doubling(1.0).times(2.0, 3.0)  # type: ignore[call-arg]
slopes = fg.grad_nodes(graph, y)
gradients + 1.0  # type: ignore[operator]
gradients + slopes  # type: ignore[operator]
gradients * gradients  # type: ignore[operator]
gradients * x  # type: ignore[operator]
gradients / "2"  # type: ignore[operator]
gradients.only([x])  # type: ignore[arg-type]
gradients.only("x")  # type: ignore[arg-type]
gradients.onto(y)  # type: ignore[arg-type]
slopes.onto(graph)  # type: ignore[attr-defined]
gradients.graph = graph  # type: ignore[misc]
fg.draw(y)  # type: ignore[arg-type]
fg.draw(graph, {x: 1.0})  # type: ignore[arg-type]
