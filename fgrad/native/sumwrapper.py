"""What stands between Python's arrays and a program that is summed over rows, in LLVM IR."""

from __future__ import annotations

from collections.abc import Sequence

from fgrad.native.arguments import measured
from fgrad.native.flow import element, loop, pushed, put, sure
from fgrad.native.rowwrapper import TRUE, function, made_tuple, output, run, target


def summed(lanes: int) -> str:
    """The text that gives the sums as a tuple of floats, for code with these lanes.

    The last rows that fill no vector are the last lanes of one that reaches into those before.
    """
    kept = [
        "%object = call ptr @PyFloat_FromDouble(double %total)",
        *sure("objected", "icmp ne ptr %object, null", "halfway"),
        *put("item", "ptr", "%object", "%items", "%k"),
    ]
    return function([*_sums(lanes), *made_tuple(), *_totals(lanes, kept)])


def totalled(lanes: int) -> str:
    """The text that writes them to arrays, which are given behind the arguments, and gives True."""
    kept = [
        *element("to", "ptr", "%outs", "%k"),
        "store double %total, ptr %to",
    ]
    return function([*_destinations(), *_sums(lanes), *_totals(lanes, kept), *TRUE])


def _destinations() -> list[str]:
    """Point to the number that each sum goes to: the array's only one, or each of its row."""
    body = [
        *target(),
        *element("size", "i64", "%fact.kinds", "%target"),
        "%flat = icmp eq i32 %y.axes, 0",
        "br i1 %flat, label %y.alone, label %y.along",
        "y.alone:",
        *sure("y.single", "icmp eq i64 %size, 0", "free"),
        *pushed("y.only", "ptr", "%y.data", "%outs", "%ends.at"),
        "br label %y.pointed",
        "y.along:",
        *sure("y.line", "icmp eq i32 %y.axes, 1", "free"),
        *measured("y"),
        *sure("y.whole", "icmp eq i64 %y.length, %size", "free"),
        *sure("y.dense", "icmp eq i64 %y.distance, 8", "free"),
        *loop(
            "q",
            "%size",
            [
                "%y.at = getelementptr double, ptr %y.data, i64 %q",
                *pushed("y.one", "ptr", "%y.at", "%outs", "%ends.at"),
            ],
        ),
        "br label %y.pointed",
        "y.pointed:",
    ]
    targets = "%targets = sub i64 %fact.given, %fact.arguments"
    return ["store i64 0, ptr %ends.at", targets, *loop("p", "%targets", body)]


def _sums(lanes: int) -> list[str]:
    """Sum the rows, lane by lane."""
    return [*_zeros(lanes), *run("running", "0", "%whole", "%sums"), *_rest(lanes)]


def _zeros(lanes: int) -> list[str]:
    """Begin both rows of sums at 0, and count the rows that fill vectors."""
    return [
        f"%second = getelementptr <{lanes} x double>, ptr %sums, i64 %fact.varying",
        "%vectors = mul i64 %fact.varying, 2",
        *loop(
            "r",
            "%vectors",
            [
                *put("zero", f"<{lanes} x double>", "zeroinitializer", "%sums", "%r"),
            ],
        ),
        "%odd = srem i64 %rows, %fact.lanes",
        "%whole = sub i64 %rows, %odd",
    ]


def _rest(lanes: int) -> list[str]:
    """Sum the rows that fill no vector; they are the last lanes of one."""
    add = [
        "%lane = add i64 %from.lane, %v",
        *element("sum", "double", "%sums", "%lane"),
        *element("late", "double", "%second", "%lane"),
        "%both = fadd double %sum, %late",
        "store double %both, ptr %sum.place",
    ]
    return [
        "%left = icmp sgt i64 %odd, 0",
        "br i1 %left, label %reaching, label %complete",
        "reaching:",
        "%back = sub i64 %rows, %fact.lanes",
        *run("finishing", "%back", "%rows", "%second"),
        "%spared = sub i64 %fact.lanes, %odd",
        *loop(
            "u",
            "%fact.varying",
            [
                f"%vector = mul i64 %u, {lanes}",
                "%from.lane = add i64 %vector, %spared",
                *loop("v", "%odd", add),
            ],
        ),
        "br label %complete",
        "complete:",
    ]


def _totals(lanes: int, kept: Sequence[str]) -> list[str]:
    """The sum over the lanes of each output, in `%total`, and what is done with it."""
    v = f"<{lanes} x double>"
    add = [
        *element("sums.here", v, "%sums", "%place"),
        f"%s0 = extractelement {v} %sums.here, i64 0",
    ]
    for lane in range(1, lanes):
        add += [
            f"%t{lane} = extractelement {v} %sums.here, i64 {lane}",
            f"%s{lane} = fadd double %s{lane - 1}, %t{lane}",
        ]
    varies = [*add, f"store double %s{lanes - 1}, ptr %total.at"]
    stays = ["%times = fmul double %still, %count", "store double %times, ptr %total.at"]
    total = "%total = load double, ptr %total.at"
    return [
        "%count = sitofp i64 %rows to double",
        *loop("k", "%fact.outputs", [*output(varies, stays), total, *kept]),
    ]
